#include "format/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "base/rng.h"

namespace r1 {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string file_with(std::string_view header, std::string_view data) {
  std::string out(8, '\0');
  const uint64_t n = header.size();
  for (size_t i = 0; i < 8; ++i) out[i] = char(n >> (8 * i));
  return cat(out, header, data);
}

std::string error_of(const std::string& file) {
  const auto result = parse_safetensors(bytes_of(file), "m");
  return result.ok() ? "no error" : result.error().text();
}

std::string header_error(std::string_view header, size_t data = 8) {
  return error_of(file_with(header, std::string(data, 'd')));
}

TEST(ParseSafetensors, ReadsNamesTypesShapesAndBytes) {
  const std::string file = file_with(
      R"({"__metadata__":{"format":"pt"},"b":{"dtype":"BF16","shape":[1,2],"data_offsets":[8,12]},)"
      R"("a":{"data_offsets":[0,8],"shape":[2],"dtype":"F32"},"s":{"dtype":"U8","shape":[],"data_offsets":[12,13]},)"
      R"("e":{"dtype":"I64","shape":[3,0],"data_offsets":[8,8]}}   )",
      "aaaaaaaabbbbs");
  const auto header = parse_safetensors(bytes_of(file), "m");
  ASSERT_TRUE(header.ok()) << header.error().text();
  EXPECT_EQ(header->metadata, (std::map<std::string, std::string>{{"format", "pt"}}));
  ASSERT_EQ(header->tensors.size(), 4u);
  const TensorInfo &a = header->tensors[0], &e = header->tensors[1], &b = header->tensors[2], &s = header->tensors[3];
  EXPECT_EQ(a.name, "a");
  EXPECT_EQ(a.dtype, DType::f32);
  EXPECT_EQ(a.shape, std::vector<uint64_t>{2});
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(a.data.data()), a.data.size()), "aaaaaaaa");
  EXPECT_EQ(e.name, "e");
  EXPECT_TRUE(e.data.empty());
  EXPECT_EQ(b.dtype, DType::bf16);
  EXPECT_EQ(b.elements(), 2u);
  EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(b.data.data()), b.data.size()), "bbbb");
  EXPECT_EQ(s.elements(), 1u);
  EXPECT_EQ(error_of(file_with("{}", "")), "no error");
}

TEST(ParseSafetensors, HeaderLengthLies) {
  EXPECT_EQ(error_of(""), "m: has 0 bytes, less than its 8-byte header length");
  EXPECT_EQ(error_of("1234567"), "m: has 7 bytes, less than its 8-byte header length");
  EXPECT_EQ(error_of(std::string(8, '\0')).substr(0, 9), "m: header");
  std::string file = file_with("{}", "");
  file[0] = 3;
  EXPECT_EQ(error_of(file), "m: claims a header of 3 bytes in a file of 10 bytes");
  for (int i = 0; i < 8; ++i) file[size_t(i)] = '\xFF';
  EXPECT_EQ(error_of(file), "m: claims a header of 18446744073709551615 bytes in a file of 10 bytes");
}

TEST(ParseSafetensors, OffsetsMustTileTheData) {
  const auto two = [](std::string_view a, std::string_view b) {
    return header_error(cat(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":)", a,
                            R"(},"b":{"dtype":"F32","shape":[1],"data_offsets":)", b, "}}"));
  };
  EXPECT_EQ(two("[0,4]", "[4,8]"), "no error");
  EXPECT_EQ(two("[4,8]", "[0,4]"), "no error");
  EXPECT_EQ(two("[0,4]", "[0,4]"), "m: b: data_offsets: begins at 0; expected 4, where the tensor before it ends");
  EXPECT_EQ(two("[0,4]", "[3,7]"), "m: b: data_offsets: begins at 3; expected 4, where the tensor before it ends");
  EXPECT_EQ(two("[0,4]", "[5,9]"), "m: b: data_offsets: is [5, 9]; the file has 8 bytes of data");
  EXPECT_EQ(two("[0,4]", "[8,4]"), "m: b: data_offsets: is [8, 4]; the file has 8 bytes of data");
  EXPECT_EQ(two("[0,4]", "[18446744073709551615,3]").substr(0, 19), "m: b: data_offsets:");
  EXPECT_EQ(two("[0,4]", "[4,18446744073709551615]").substr(0, 19), "m: b: data_offsets:");
  EXPECT_EQ(two("[0,4]", "[4,18446744073709551616]").substr(0, 22), "m: b: data_offsets[1]:");
  EXPECT_EQ(two("[0,4]", "[-4,0]").substr(0, 22), "m: b: data_offsets[0]:");
  EXPECT_EQ(two("[0,4]", "[4]"), "m: b: data_offsets: has 1 numbers; expected 2");
  EXPECT_EQ(header_error(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})"),
            "m: has 4 bytes after its last tensor; expected none");
  EXPECT_EQ(header_error(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})"),
            "m: a: data_offsets: begins at 4; expected 0, where the tensor before it ends");
}

TEST(ParseSafetensors, ShapesMustFitTheBytes) {
  const auto shaped = [](std::string_view shape, std::string_view dtype = "F32") {
    return header_error(cat(R"({"a":{"dtype":")", dtype, R"(","shape":)", shape, R"(,"data_offsets":[0,8]}})"));
  };
  EXPECT_EQ(shaped("[2]"), "no error");
  EXPECT_EQ(shaped("[3]"), "m: a: data_offsets: spans 8 bytes; dtype and shape need 12");
  EXPECT_EQ(shaped("[2]", "F16"), "m: a: data_offsets: spans 8 bytes; dtype and shape need 4");
  EXPECT_EQ(shaped("[4294967296,4294967296]"), "m: a: shape: needs more bytes than 64 bits can count");
  EXPECT_EQ(shaped("[4611686018427387904]"), "m: a: shape: needs more bytes than 64 bits can count");
  EXPECT_EQ(shaped("[0,4294967296,4294967296]"), "m: a: shape: needs more bytes than 64 bits can count");
  EXPECT_EQ(shaped("[-2]").substr(0, 15), "m: a: shape[0]:");
  EXPECT_EQ(shaped("[2.0]"), "m: a: shape[0]: is 2.0; expected an integer");
  EXPECT_EQ(shaped("2"), "m: a: shape: is 2; expected an array");
}

TEST(ParseSafetensors, UnknownTypesAreNamed) {
  for (const char* name : {"F64", "BOOL", "F8_E5M2", "f32", ""})
    EXPECT_EQ(header_error(cat(R"({"a":{"dtype":")", name, R"(","shape":[1],"data_offsets":[0,8]}})")),
              cat("m: a: dtype: is \"", name, "\"; expected one of F32, F16, BF16, F8_E4M3, I32, I64, U8"));
  EXPECT_EQ(header_error(R"({"a":{"dtype":3,"shape":[1],"data_offsets":[0,8]}})"),
            "m: a: dtype: is 3; expected a string");
}

TEST(ParseSafetensors, HeadersOfAnotherShape) {
  const std::string a = R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  EXPECT_EQ(header_error(cat("{", a, ",", a, "}")), "m: header: key \"a\" appears twice in one object");
  EXPECT_EQ(header_error("[]"), "m: header: is an array of 0; expected an object");
  EXPECT_EQ(header_error(R"({"a":1})"), "m: a: is 1; expected an object");
  EXPECT_EQ(header_error(R"({"a":{"shape":[2],"data_offsets":[0,8]}})"), "m: a: dtype: is missing");
  EXPECT_EQ(header_error(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}})"),
            "m: a: x: is an unknown field of a tensor");
  EXPECT_EQ(header_error(cat(R"({"__metadata__":{"k":1},)", a, "}")), "m: __metadata__: k: is 1; expected a string");
  EXPECT_EQ(header_error(cat(R"({"__metadata__":[],)", a, "}")),
            "m: __metadata__: is an array of 0; expected an object");
  EXPECT_EQ(header_error("{\"\xFF\":1}").substr(0, 10), "m: header:");
  EXPECT_EQ(header_error(cat("{", a, "}x")).substr(0, 10), "m: header:");
  EXPECT_EQ(header_error(std::string(1000000, '[')), "m: header: is nested deeper than 3 levels");
  EXPECT_EQ(header_error(R"({"a":{"shape":[[2]]}})"), "m: header: is nested deeper than 3 levels");
  EXPECT_EQ(header_error("{\"\\u001b[31m\":1}"), "m: \"\\u001b[31m\": is 1; expected an object");
}

class SafetensorsFiles : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = join_path(testing::TempDir(), "r1_safetensors_XXXXXX");
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string at(std::string_view name) const { return join_path(folder_, name); }
  void write(std::string_view name, std::string_view bytes) { ASSERT_TRUE(files_.write(at(name), bytes).ok()); }
  void write_one(std::string_view name, std::string tensor, std::string_view data) {
    const OutTensor out{std::move(tensor), DType::u8, {data.size()}, bytes_of(data)};
    ASSERT_TRUE(write_safetensors(files_, at(name), {&out, 1}).ok());
  }
  std::string folder_error() {
    const auto result = Safetensors::open_folder(folder_);
    return result.ok() ? "no error" : result.error().text();
  }

  Files& files_ = real_files();
  std::string folder_;
};

std::vector<OutTensor> sample_tensors() {
  static const std::string data(64, 'x');
  const auto piece = [](size_t n) { return bytes_of(data).first(n); };
  return {{"bytes", DType::u8, {3}, piece(3)},          {"w.f32", DType::f32, {2, 3}, piece(24)},
          {"w.bf16", DType::bf16, {3}, piece(6)},       {"scalar", DType::f32, {}, piece(4)},
          {"fp8 \"q\"", DType::f8_e4m3, {1}, piece(1)}, {"ids", DType::i64, {2}, piece(16)},
          {"none", DType::i32, {0, 5}, piece(0)},       {"half", DType::f16, {1}, piece(2)}};
}

TEST_F(SafetensorsFiles, WhatIsWrittenReadsBack) {
  const auto tensors = sample_tensors();
  const std::map<std::string, std::string> metadata = {{"format", "pt"}, {"a\n", "\"b\""}};
  ASSERT_TRUE(write_safetensors(files_, at("m"), tensors, metadata).ok());
  const auto file = Safetensors::open_file(at("m"));
  ASSERT_TRUE(file.ok()) << file.error().text();
  EXPECT_EQ(file->metadata(), metadata);
  ASSERT_EQ(file->tensors().size(), tensors.size());
  for (const OutTensor& want : tensors) {
    const TensorInfo* got = file->find(want.name);
    ASSERT_NE(got, nullptr) << want.name;
    EXPECT_EQ(got->dtype, want.dtype);
    EXPECT_EQ(got->shape, want.shape);
    ASSERT_EQ(got->data.size(), want.data.size());
    EXPECT_EQ(std::memcmp(got->data.data(), want.data.data(), want.data.size()), 0);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(got->data.data()) % dtype_info(got->dtype).bytes, 0u) << want.name;
  }
  EXPECT_EQ(file->find("absent"), nullptr);
}

TEST_F(SafetensorsFiles, BytesAreFixed) {
  const std::string data = "abcdefgh";
  const std::vector<OutTensor> tensors = {{"u", DType::u8, {2}, bytes_of(data).first(2)},
                                          {"f", DType::f32, {1}, bytes_of(data).last(4)}};
  ASSERT_TRUE(write_safetensors(files_, at("m"), tensors, {{"k", "v"}}).ok());
  EXPECT_EQ(*files_.read(at("m")),
            file_with(R"({"__metadata__":{"k":"v"},"f":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                      R"("u":{"dtype":"U8","shape":[2],"data_offsets":[4,6]}}     )",
                      "efghab"));
}

TEST_F(SafetensorsFiles, EqualSizesKeepTheirOrderAndDataStartsAligned) {
  std::vector<OutTensor> tensors;
  for (int i = 0; i < 40; ++i) {
    tensors.push_back({cat("t", i), DType::u8, {1}, bytes_of("x").first(1)});
    ASSERT_TRUE(write_safetensors(files_, at("m"), tensors).ok());
    const std::string file = *files_.read(at("m"));
    const size_t start = file.size() - tensors.size();
    EXPECT_EQ(start % 8, 0u);
    EXPECT_LT(start - file.rfind('}'), 9u);
  }
  const std::string file = *files_.read(at("m"));
  for (int i = 0; i + 1 < 40; ++i) EXPECT_LT(file.find(cat("\"t", i, "\"")), file.find(cat("\"t", i + 1, "\"")));
}

TEST_F(SafetensorsFiles, WriterRefusesWhatCannotBeRead) {
  const std::string data(8, 'x');
  const auto error_for = [&](std::vector<OutTensor> tensors) {
    const Status status = write_safetensors(files_, at("m"), tensors);
    EXPECT_FALSE(files_.exists(at("m")));
    return status.ok() ? "no error" : status.error().text();
  };
  const OutTensor good{"a", DType::f32, {2}, bytes_of(data)};
  EXPECT_EQ(error_for({good, good}), at("m") + ": a: appears twice");
  EXPECT_EQ(error_for({{"a", DType::f32, {3}, bytes_of(data)}}),
            at("m") + ": a: has 8 bytes, which its dtype F32 and shape do not take");
  EXPECT_NE(error_for({{"a", DType::u8, {UINT64_MAX, 2}, bytes_of(data)}}), "no error");
  EXPECT_NE(error_for({{"__metadata__", DType::f32, {2}, bytes_of(data)}}), "no error");
  EXPECT_NE(error_for({{"\xFF", DType::f32, {2}, bytes_of(data)}}), "no error");
}

TEST_F(SafetensorsFiles, CutAtEveryByte) {
  ASSERT_TRUE(write_safetensors(files_, at("m"), sample_tensors(), {{"k", "v"}}).ok());
  const std::string whole = *files_.read(at("m"));
  ASSERT_EQ(error_of(whole), "no error");
  for (size_t size = 0; size < whole.size(); ++size) {
    // A copy of its own, so that the sanitizer sees a read past its end.
    const std::string cut = whole.substr(0, size);
    ASSERT_NE(error_of(cut), "no error") << size;
  }
  ASSERT_NE(error_of(whole + "x"), "no error");
  write("cut", whole.substr(0, whole.size() / 2));
  EXPECT_EQ(Safetensors::open_file(at("cut")).error().where.substr(0, at("cut").size()), at("cut"));
}

TEST_F(SafetensorsFiles, DamagedFilesNeverHarm) {
  ASSERT_TRUE(write_safetensors(files_, at("m"), sample_tensors(), {{"k", "v"}}).ok());
  const std::string whole = *files_.read(at("m"));
  Rng rng{31, 4};
  size_t refused = 0;
  for (int round = 0; round < 10000; ++round) {
    std::string file = whole;
    for (int64_t i = rng.integer(1, 6); i > 0; --i) {
      const size_t at = size_t(rng.integer(0, int64_t(file.size()) - 1));
      if (rng.chance(0.5))
        file[at] = char(rng.bits());
      else
        file[at] = file[size_t(rng.integer(8, int64_t(file.size()) - 1))];
    }
    const auto result = parse_safetensors(bytes_of(file), "m");
    refused += result.ok() ? 0 : 1;
    if (!result.ok()) continue;
    for (const TensorInfo& tensor : result->tensors) {  // whatever it says now, the bytes are inside the file
      ASSERT_EQ(tensor.data.size(), *shape_bytes(tensor.dtype, tensor.shape));
      ASSERT_GE(tensor.data.data(), bytes_of(file).data());
      ASSERT_LE(tensor.data.data() + tensor.data.size(), bytes_of(file).data() + file.size());
    }
  }
  EXPECT_GT(refused, 5000u);
}

TEST_F(SafetensorsFiles, FolderWithOneFile) {
  EXPECT_EQ(folder_error(), at("model.safetensors") + ": cannot open: No such file or directory");
  write_one("model.safetensors", "a", "123");
  const auto model = Safetensors::open_folder(folder_);
  ASSERT_TRUE(model.ok());
  EXPECT_NE(model->find("a"), nullptr);
}

TEST_F(SafetensorsFiles, FolderOfShards) {
  write_one("s1.safetensors", "a", "123");
  write_one("s2.safetensors", "b", "4567");
  write("model.safetensors.index.json",
        R"({"metadata":{"total_size":7},"weight_map":{"a":"s1.safetensors","b":"s2.safetensors"}})");
  auto opened = Safetensors::open_folder(folder_);
  ASSERT_TRUE(opened.ok()) << opened.error().text();
  const Safetensors model = std::move(opened).value();
  ASSERT_EQ(model.tensors().size(), 2u);
  ASSERT_NE(model.find("b"), nullptr);
  EXPECT_EQ(char(model.find("b")->data[3]), '7');
}

TEST_F(SafetensorsFiles, IndexThatPromisesTooMuch) {
  write_one("s1.safetensors", "a", "123");
  const std::string index = at("model.safetensors.index.json");
  write("model.safetensors.index.json",
        R"({"weight_map":{"a":"s1.safetensors","b":"s1.safetensors","c":"s1.safetensors"}})");
  EXPECT_EQ(folder_error(), cat(at("s1.safetensors"), ": lacks 2 of the tensors that ", index, " puts there: b, c"));
  write("model.safetensors.index.json", R"({"weight_map":{"a":"s9.safetensors"}})");
  EXPECT_EQ(folder_error(), at("s9.safetensors") + ": cannot open: No such file or directory");
}

TEST_F(SafetensorsFiles, ShardNamesStayInTheFolder) {
  const std::string index = at("model.safetensors.index.json");
  for (const char* name : {"../secret", "/etc/passwd", "a/b", "..", ".", "", ".hidden", "a\\\\b", "a\\u0000b"}) {
    write("model.safetensors.index.json", cat(R"({"weight_map":{"a":")", name, "\"}}"));
    EXPECT_EQ(folder_error(),
              cat(index, ": weight_map: a: is \"", name, "\"; expected the name of a file in the same folder"));
  }
  for (const char* bad : {"", "[]", "{}", R"({"weight_map":[]})", R"({"weight_map":{}})", R"({"weight_map":{"a":1}})",
                          R"({"weight_map":{"a":"s","a":"t"}})"}) {
    write("model.safetensors.index.json", bad);
    EXPECT_EQ(folder_error().substr(0, index.size()), index) << bad;
  }
}

}  // namespace
}  // namespace r1
