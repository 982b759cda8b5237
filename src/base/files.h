// The file system behind a small seam, so that short reads and full disks are one small class each in a test.
//
// Every write is atomic: the bytes go to "PATH.tmp-PID", are flushed to disk and renamed over PATH; a failed write
// leaves the previous file whole and removes its temporary. Errors name the path and the system's reason. Thread
// safety: the real implementation has no state; different paths may be used from different threads.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace r1 {

class Files {
 public:
  virtual ~Files() = default;
  // The whole of a regular file. Directories, FIFOs and devices are refused, as is a file over `limit` bytes.
  virtual Result<std::string> read(const std::string& path, uint64_t limit = UINT64_MAX) = 0;
  virtual Status write(const std::string& path, std::string_view bytes) = 0;
  // The same, from pieces in order, so that a large file needs no second copy in memory.
  virtual Status write_pieces(const std::string& path, std::span<const std::span<const std::byte>> pieces) = 0;
  // Appends and flushes to the operating system (not to the disk).
  virtual Status append(const std::string& path, std::string_view bytes) = 0;
  virtual Status truncate(const std::string& path, uint64_t size) = 0;
  virtual Status make_directories(const std::string& path) = 0;
  // Replaces `to` if it is an empty directory or a file; flushes the parent directory.
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status remove_all(const std::string& path) = 0;
  // Names (not paths) in a directory, sorted; without "." and "..".
  virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
  virtual bool exists(const std::string& path) = 0;
  virtual bool is_directory(const std::string& path) = 0;
};

Files& real_files();

// A read-only memory map of a regular file. Move-only; unmapped on destruction.
class MappedFile {
 public:
  static Result<MappedFile> open(const std::string& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();
  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  MappedFile(const std::byte* data, size_t size) : data_(data), size_(size) {}
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

std::string join_path(std::string_view a, std::string_view b);

}  // namespace r1
