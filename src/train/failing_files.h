// Disks that fill up and processes that are killed, behind the Files seam. For *_test.cc files only.
#pragma once
#include <algorithm>

#include "base/files.h"

namespace r1::testing {

// Everything passes through to the real files; subclasses decide what a change may do.
class PassingFiles : public Files {
 public:
  Result<std::string> read(const std::string& path, uint64_t limit) override { return real_files().read(path, limit); }
  Status write(const std::string& path, std::string_view bytes) override {
    const std::span<const std::byte> piece = std::as_bytes(std::span(bytes));
    return write_pieces(path, {&piece, 1});
  }
  Status write_pieces(const std::string& path, std::span<const std::span<const std::byte>> pieces) override {
    return real_files().write_pieces(path, pieces);
  }
  Status append(const std::string& path, std::string_view bytes) override { return real_files().append(path, bytes); }
  Status truncate(const std::string& path, uint64_t size) override { return real_files().truncate(path, size); }
  Status make_directories(const std::string& path) override { return real_files().make_directories(path); }
  Status rename(const std::string& from, const std::string& to) override { return real_files().rename(from, to); }
  Status remove_all(const std::string& path) override { return real_files().remove_all(path); }
  Result<std::vector<std::string>> list(const std::string& path) override { return real_files().list(path); }
  bool exists(const std::string& path) override { return real_files().exists(path); }
  bool is_directory(const std::string& path) override { return real_files().is_directory(path); }
};

inline size_t size_of(std::span<const std::span<const std::byte>> pieces) {
  size_t n = 0;
  for (const auto& piece : pieces) n += piece.size();
  return n;
}

// After `room` bytes nothing more can be written. What was half written is cleaned up as the real files do.
class FullDisk final : public PassingFiles {
 public:
  explicit FullDisk(size_t room) : room_(room) {}
  Status write_pieces(const std::string& path, std::span<const std::span<const std::byte>> pieces) override {
    if (size_of(pieces) > room_) return full(path);
    room_ -= size_of(pieces);
    return PassingFiles::write_pieces(path, pieces);
  }
  Status append(const std::string& path, std::string_view bytes) override {
    const std::string_view fits = bytes.substr(0, room_);  // an append may be cut in the middle
    room_ -= fits.size();
    const Status status = PassingFiles::append(path, fits);
    return status.ok() && fits.size() < bytes.size() ? full(path) : status;
  }

 private:
  Error full(const std::string& path) {
    room_ = 0;
    return Error::io(path, "cannot write: No space left on device");
  }
  size_t room_;
};

// The process dies at its k-th change of the disk (from 0), in the middle of it: a temporary file stays, a folder is
// removed by half. What the process still tries afterwards has no effect.
class Killed final : public PassingFiles {
 public:
  explicit Killed(size_t k) : left_(k) {}
  bool dead() const { return dead_; }

  Status write_pieces(const std::string& path, std::span<const std::span<const std::byte>> pieces) override {
    if (!dead_ && left_ == 0) (void)real_files().append(path + ".tmp-1", "half a fi");
    TRY(change());
    return PassingFiles::write_pieces(path, pieces);
  }
  Status append(const std::string& path, std::string_view bytes) override {
    if (!dead_ && left_ == 0) (void)real_files().append(path, bytes.substr(0, bytes.size() / 2));
    TRY(change());
    return PassingFiles::append(path, bytes);
  }
  Status truncate(const std::string& path, uint64_t size) override {
    TRY(change());
    return PassingFiles::truncate(path, size);
  }
  Status make_directories(const std::string& path) override {
    TRY(change());
    return PassingFiles::make_directories(path);
  }
  Status rename(const std::string& from, const std::string& to) override {
    TRY(change());
    return PassingFiles::rename(from, to);
  }
  Status remove_all(const std::string& path) override {
    if (is_directory(path)) {
      TRY_ASSIGN(const auto names, list(path));
      for (const std::string& name : names) TRY(remove_all(join_path(path, name)));
    }
    if (!exists(path)) return {};
    TRY(change());
    return PassingFiles::remove_all(path);
  }

 private:
  Status change() {
    if (left_ == 0) dead_ = true;
    if (dead_) return Error::io("", "killed");
    --left_;
    return {};
  }
  size_t left_;
  bool dead_ = false;
};

}  // namespace r1::testing
