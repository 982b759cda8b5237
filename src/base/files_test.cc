#include "base/files.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>

namespace r1 {
namespace {

class FilesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = join_path(testing::TempDir(), "r1_files_XXXXXX");
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string at(std::string_view name) const { return join_path(folder_, name); }
  std::vector<std::string> names() { return *files_.list(folder_); }

  Files& files_ = real_files();
  std::string folder_;
};

// While it lives, no file may grow past `bytes`: a full disk without a disk.
struct SmallDisk {
  explicit SmallDisk(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before);
    handler = ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~SmallDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before);
    ::signal(SIGXFSZ, handler);
  }
  rlimit before{};
  void (*handler)(int);
};

TEST_F(FilesTest, WritesAndReadsBack) {
  const std::string bytes("a\0b\n\xFF", 5);
  ASSERT_TRUE(files_.write(at("f"), bytes).ok());
  EXPECT_EQ(*files_.read(at("f")), bytes);
  ASSERT_TRUE(files_.write(at("f"), "").ok());
  EXPECT_EQ(*files_.read(at("f")), "");
  EXPECT_EQ(names(), std::vector<std::string>{"f"});
}

TEST_F(FilesTest, WritesPiecesInOrder) {
  const std::string a = "one ", b, c = "two";
  const std::array pieces = {std::as_bytes(std::span(a)), std::as_bytes(std::span(b)), std::as_bytes(std::span(c))};
  ASSERT_TRUE(files_.write_pieces(at("f"), pieces).ok());
  EXPECT_EQ(*files_.read(at("f")), "one two");
}

TEST_F(FilesTest, ReadRefusesWhatIsNotAFile) {
  EXPECT_EQ(files_.read(at("none")).error().text(), at("none") + ": cannot open: No such file or directory");
  EXPECT_EQ(files_.read(folder_).error().text(), folder_ + ": is a directory; expected a file");
  ASSERT_EQ(::mkfifo(at("pipe").c_str(), 0600), 0);
  EXPECT_EQ(files_.read(at("pipe")).error().text(), at("pipe") + ": is not a regular file");
  EXPECT_FALSE(files_.read("/dev/zero").ok());
}

TEST_F(FilesTest, ReadKeepsToItsLimit) {
  ASSERT_TRUE(files_.write(at("f"), "12345").ok());
  EXPECT_TRUE(files_.read(at("f"), 5).ok());
  EXPECT_EQ(files_.read(at("f"), 4).error().text(), at("f") + ": has 5 bytes; expected at most 4");
}

TEST_F(FilesTest, AFailedWriteLeavesTheOldFileWhole) {
  ASSERT_TRUE(files_.write(at("f"), "the old one").ok());
  {
    const SmallDisk disk(100);
    const Status status = files_.write(at("f"), std::string(5000, 'x'));
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().kind, ErrorKind::io);
  }
  EXPECT_EQ(*files_.read(at("f")), "the old one");
  EXPECT_EQ(names(), std::vector<std::string>{"f"});
}

TEST_F(FilesTest, WriteCannotReplaceAFolder) {
  ASSERT_TRUE(files_.make_directories(at("d/e")).ok());
  EXPECT_FALSE(files_.write(at("d"), "x").ok());
  EXPECT_TRUE(files_.is_directory(at("d/e")));
  EXPECT_EQ(names(), std::vector<std::string>{"d"});
  EXPECT_FALSE(files_.write(at("no/such/folder"), "x").ok());
}

TEST_F(FilesTest, AppendsAndTruncates) {
  ASSERT_TRUE(files_.append(at("log"), "one\n").ok());
  ASSERT_TRUE(files_.append(at("log"), "two\n").ok());
  EXPECT_EQ(*files_.read(at("log")), "one\ntwo\n");
  ASSERT_TRUE(files_.truncate(at("log"), 4).ok());
  EXPECT_EQ(*files_.read(at("log")), "one\n");
  EXPECT_FALSE(files_.truncate(at("none"), 0).ok());
  EXPECT_FALSE(files_.append(folder_, "x").ok());
}

TEST_F(FilesTest, AppendReportsAFullDisk) {
  const SmallDisk disk(10);
  EXPECT_TRUE(files_.append(at("log"), "12345678").ok());
  EXPECT_FALSE(files_.append(at("log"), "12345678").ok());
}

TEST_F(FilesTest, ListsSortedRenamesAndRemoves) {
  for (const char* name : {"b", "a", "c"}) ASSERT_TRUE(files_.write(at(name), name).ok());
  EXPECT_EQ(names(), (std::vector<std::string>{"a", "b", "c"}));
  ASSERT_TRUE(files_.rename(at("a"), at("b")).ok());
  EXPECT_EQ(*files_.read(at("b")), "a");
  EXPECT_FALSE(files_.exists(at("a")));
  EXPECT_FALSE(files_.rename(at("a"), at("z")).ok());
  ASSERT_TRUE(files_.make_directories(at("d/e")).ok());
  ASSERT_TRUE(files_.remove_all(at("d")).ok());
  EXPECT_TRUE(files_.remove_all(at("d")).ok());
  EXPECT_EQ(names(), (std::vector<std::string>{"b", "c"}));
  EXPECT_FALSE(files_.list(at("d")).ok());
  EXPECT_FALSE(files_.make_directories(at("b/x")).ok());
}

TEST_F(FilesTest, MapsAFile) {
  ASSERT_TRUE(files_.write(at("f"), "mapped").ok());
  auto file = MappedFile::open(at("f"));
  ASSERT_TRUE(file.ok());
  MappedFile moved = std::move(file).value();
  EXPECT_EQ(moved.bytes().size(), 6u);
  EXPECT_EQ(moved.bytes()[5], std::byte('d'));
  ASSERT_TRUE(files_.write(at("g"), "").ok());
  auto empty = MappedFile::open(at("g"));
  ASSERT_TRUE(empty.ok());
  EXPECT_TRUE(empty->bytes().empty());
  moved = std::move(empty).value();
  EXPECT_TRUE(moved.bytes().empty());
  EXPECT_FALSE(MappedFile::open(folder_).ok());
  EXPECT_FALSE(MappedFile::open(at("none")).ok());
}

TEST_F(FilesTest, AMapOutlivesTheFilesReplacement) {
  ASSERT_TRUE(files_.write(at("f"), "first").ok());
  auto file = MappedFile::open(at("f"));
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(files_.write(at("f"), "second, and longer").ok());
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(file->bytes().data()), 5), "first");
}

TEST(JoinPath, JoinsWithOneSlash) {
  EXPECT_EQ(join_path("a", "b"), "a/b");
  EXPECT_EQ(join_path("a/", "b"), "a/b");
  EXPECT_EQ(join_path("", "b"), "b");
  EXPECT_EQ(join_path("a", "/b"), "/b");
}

}  // namespace
}  // namespace r1
