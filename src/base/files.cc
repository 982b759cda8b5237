#include "base/files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace r1 {
namespace fs = std::filesystem;
namespace {

Error system_error(const std::string& path, std::string_view action, int code) {
  return Error::io(path, cat("cannot ", action, ": ", std::strerror(code)));
}

struct Descriptor {
  int fd = -1;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

// Opens a regular file without blocking on a FIFO; yields its size.
Result<uint64_t> open_regular(const std::string& path, Descriptor& file) {
  file.fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file.fd < 0) return system_error(path, "open", errno);
  struct stat info {};
  if (::fstat(file.fd, &info) != 0) return system_error(path, "stat", errno);
  if (S_ISDIR(info.st_mode)) return Error::io(path, "is a directory; expected a file");
  if (!S_ISREG(info.st_mode)) return Error::io(path, "is not a regular file");
  return uint64_t(info.st_size);
}

Status write_all(int fd, const std::string& path, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t n = ::write(fd, data, std::min(size, size_t(1) << 30));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error(path, "write", errno);
    data += n;
    size -= size_t(n);
  }
  return {};
}

void flush_directory_of(const std::string& path) {
  std::string parent = fs::path(path).parent_path().string();
  if (parent.empty()) parent = ".";
  Descriptor dir{::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (dir.fd >= 0) (void)::fsync(dir.fd);
}

class RealFiles final : public Files {
 public:
  Result<std::string> read(const std::string& path, uint64_t limit) override {
    Descriptor file;
    TRY_ASSIGN(const uint64_t size, open_regular(path, file));
    if (size > limit) return Error::io(path, cat("has ", size, " bytes; expected at most ", limit));
    std::string bytes(size, '\0');
    size_t done = 0;
    while (done < size) {
      const ssize_t n = ::read(file.fd, bytes.data() + done, size - done);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return system_error(path, "read", errno);
      if (n == 0) break;  // it shrank under us: what is there is what we return
      done += size_t(n);
    }
    bytes.resize(done);
    return bytes;
  }

  Status write(const std::string& path, std::string_view bytes) override {
    const std::span<const std::byte> piece = std::as_bytes(std::span(bytes));
    return write_pieces(path, {&piece, 1});
  }

  Status write_pieces(const std::string& path, std::span<const std::span<const std::byte>> pieces) override {
    const std::string temporary = cat(path, ".tmp-", int64_t(::getpid()));
    Status status = write_temporary(temporary, pieces);
    if (status.ok() && ::rename(temporary.c_str(), path.c_str()) != 0)
      status = system_error(path, "rename into place", errno);
    if (!status.ok()) {
      ::unlink(temporary.c_str());
      return status;
    }
    flush_directory_of(path);
    return {};
  }

  Status append(const std::string& path, std::string_view bytes) override {
    Descriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)};
    if (file.fd < 0) return system_error(path, "open for appending", errno);
    return write_all(file.fd, path, bytes.data(), bytes.size());
  }

  Status truncate(const std::string& path, uint64_t size) override {
    if (::truncate(path.c_str(), off_t(size)) != 0) return system_error(path, "truncate", errno);
    return {};
  }

  Status make_directories(const std::string& path) override {
    std::error_code code;
    fs::create_directories(path, code);
    if (code) return Error::io(path, cat("cannot create directory: ", code.message()));
    return {};
  }

  Status rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return system_error(from, cat("rename to ", to), errno);
    flush_directory_of(to);
    return {};
  }

  Status remove_all(const std::string& path) override {
    std::error_code code;
    fs::remove_all(path, code);
    if (code) return Error::io(path, cat("cannot remove: ", code.message()));
    return {};
  }

  Result<std::vector<std::string>> list(const std::string& path) override {
    std::error_code code;
    std::vector<std::string> names;
    for (fs::directory_iterator it(path, code), end; !code && it != end; it.increment(code))
      names.push_back(it->path().filename().string());
    if (code) return Error::io(path, cat("cannot list: ", code.message()));
    std::sort(names.begin(), names.end());
    return names;
  }

  bool exists(const std::string& path) override {
    std::error_code code;
    return fs::exists(path, code);
  }
  bool is_directory(const std::string& path) override {
    std::error_code code;
    return fs::is_directory(path, code);
  }

 private:
  static Status write_temporary(const std::string& temporary, std::span<const std::span<const std::byte>> pieces) {
    Descriptor file{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)};
    if (file.fd < 0) return system_error(temporary, "create", errno);
    for (const auto& piece : pieces)
      TRY(write_all(file.fd, temporary, reinterpret_cast<const char*>(piece.data()), piece.size()));
    if (::fsync(file.fd) != 0) return system_error(temporary, "flush", errno);
    return {};
  }
};

}  // namespace

Files& real_files() {
  static RealFiles files;
  return files;
}

Result<MappedFile> MappedFile::open(const std::string& path) {
  Descriptor file;
  TRY_ASSIGN(const uint64_t size, open_regular(path, file));
  if (size == 0) return MappedFile(nullptr, 0);
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd, 0);
  if (address == MAP_FAILED) return system_error(path, "map", errno);
  return MappedFile(static_cast<const std::byte*>(address), size);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

std::string join_path(std::string_view a, std::string_view b) {
  if (a.empty() || b.starts_with('/')) return std::string(b);
  return a.ends_with('/') ? cat(a, b) : cat(a, "/", b);
}

}  // namespace r1
