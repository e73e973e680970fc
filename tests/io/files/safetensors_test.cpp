// Tests reading and writing safetensors: golden files written by Python, and one damaged file for every refusal.
#include "io/files/safetensors.h"

#include <cmath>
#include <cstring>
#include <numeric>

#include "engine/error.h"
#include "tests/io/test_files.h"
#include "tests/support/catch.h"
#include "tests/support/places.h"

using namespace revunet;
using namespace revunet::io;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;

namespace {

std::string length_prefix(uint64_t length) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes;
}

// Returns a file's bytes from header text and a number of data bytes.
std::string file_of(const std::string& header, size_t data_bytes) {
  return length_prefix(header.size()) + header + std::string(data_bytes, '\0');
}

template <typename T>
double sum(const std::vector<T>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

SafetensorsFile read_golden(const char* name) {
  return read_safetensors(std::filesystem::path(golden_dir()) / name);
}

}  // namespace

// Expected values were read from the same files with Python's struct, json and NumPy.
TEST_CASE("golden files of NumPy are read with their names, shapes and values", "[safetensors]") {
  const SafetensorsFile ops = read_golden("ops.safetensors");
  CHECK(ops.entries().size() == 109);
  CHECK(ops.entries().front().name == "conv3d_k3.x");
  CHECK(ops.entries()[1].name == "conv3d_k3.dx");
  CHECK(ops.metadata == std::map<std::string, std::string>{
                            {"adam", "lr 1e-2, betas 0.9 0.999, eps 1e-8, weight_decay 1e-5 added to the gradient"}});

  const HostTensor& x = ops.at("conv3d_k3.x");
  CHECK(x.dtype() == FileDtype::f32);
  CHECK(x.shape() == std::vector<int64_t>{1, 6, 7, 5, 9});
  CHECK(x.count() == 1890);
  const std::vector<float> values = x.to_f32();
  CHECK(values.front() == 0x1.1d0f9cp-2f);
  CHECK(values[1] == -0x1.dfa534p+0f);
  CHECK(values.back() == -0x1.02656cp+1f);
  CHECK(sum(values) == Approx(0x1.5be893f9ebp+5).epsilon(1e-13));  // 1890 doubles added in another order

  const HostTensor& parameter = ops.at("adam.p5_f64");
  CHECK(parameter.dtype() == FileDtype::f64);
  CHECK(parameter.shape() == std::vector<int64_t>{3, 7});
  CHECK(parameter.to_f64().front() == -0x1.df1b0e2a8f4edp-2);
  CHECK(parameter.to_f64().back() == 0x1.2a33270e349d7p+0);
  CHECK(parameter.to_f32().front() == static_cast<float>(-0x1.df1b0e2a8f4edp-2));

  const SafetensorsFile network = read_golden("revunet_tiny_e3d2.safetensors");
  CHECK(network.entries().size() == 344);
  CHECK(network.at("adam_loss_curve_f64").to_f64().front() == 0x1.74543d8b99c4cp+1);
  CHECK(network.at("output").shape() == std::vector<int64_t>{1, 3, 32, 16, 48});
  CHECK(network.at("output").to_f32().back() == 0x1.ffe5bep-1f);
  CHECK(network.at("weight.firstConv.weight").shape() == std::vector<int64_t>{8, 4, 3, 3, 3});

  for (const char* name : {"baseline_full.safetensors", "baseline_tiny.safetensors", "revunet_full_e1d1.safetensors",
                           "revunet_full_e2d1.safetensors", "revunet_tiny_e1d1.safetensors"}) {
    CHECK_NOTHROW(read_golden(name));
  }
  CHECK(read_golden("preprocessed_every_8th.safetensors").at("image").shape() == std::vector<int64_t>{4, 20, 24, 20});
}

TEST_CASE("what is written is read back bit by bit, and writing twice gives the same bytes", "[safetensors]") {
  const TemporaryFolder folder;
  SafetensorsFile contents;
  contents.metadata = {{"epoch", "12"}, {"note", "quotes \" and \xc3\xa9"}};
  const std::vector<float> floats = {1.5f, -0.0f, std::nanf(""), 3.4028235e38f, 1e-45f};
  const std::vector<double> doubles = {0.1, 1e300};
  contents.add("z.floats", HostTensor::from_f32({5}, floats));  // odd count: what follows is not 8-byte aligned
  contents.add("a.doubles", HostTensor::from_f64({2, 1}, doubles));
  contents.add("empty", HostTensor::from_f32({0, 3}, {}));
  contents.add("scalar", HostTensor::from_f64({}, std::vector<double>{-2.0}));
  write_safetensors(folder / "a.safetensors", contents);
  write_safetensors(folder / "b.safetensors", contents);
  CHECK(read_bytes(folder / "a.safetensors") == read_bytes(folder / "b.safetensors"));

  const SafetensorsFile back = read_safetensors(folder / "a.safetensors");
  CHECK(back.metadata == contents.metadata);
  REQUIRE(back.entries().size() == 4);
  for (size_t i = 0; i < 4; ++i) {
    const HostTensor& expected = contents.entries()[i].tensor;
    const HostTensor& got = back.entries()[i].tensor;
    CHECK(back.entries()[i].name == contents.entries()[i].name);
    CHECK(got.shape() == expected.shape());
    CHECK(got.dtype() == expected.dtype());
    CHECK(std::equal(got.bytes().begin(), got.bytes().end(), expected.bytes().begin(), expected.bytes().end()));
  }
  CHECK(std::signbit(back.at("z.floats").to_f32()[1]));
  CHECK(back.at("scalar").to_f64() == std::vector<double>{-2.0});

  // This is the layout of the format, by hand: length, then JSON that ends at a multiple of 8 bytes from the start.
  const std::string bytes = read_bytes(folder / "a.safetensors");
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, bytes.data(), 8);
  CHECK(header_bytes % 8 == 0);
  CHECK(bytes[8] == '{');
  CHECK(bytes.size() == 8 + header_bytes + 5 * 4 + 2 * 8 + 8);

  write_safetensors(folder / "none.safetensors", SafetensorsFile());
  CHECK(read_safetensors(folder / "none.safetensors").entries().empty());
}

TEST_CASE("half-precision tensors are widened exactly", "[safetensors]") {
  const TemporaryFolder folder;
  const std::string header = R"({"h":{"dtype":"F16","shape":[8],"data_offsets":[0,16]},)"
                             R"("b":{"dtype":"BF16","shape":[2],"data_offsets":[16,20]}})";
  const std::array<uint16_t, 10> bits = {0x3c00, 0xc000, 0x0001, 0x7bff, 0x0400,
                                         0x83ff, 0x3555, 0xfc00, 0x3f80, 0xc2f7};
  std::string bytes = file_of(header, 20);
  std::memcpy(bytes.data() + 8 + header.size(), bits.data(), 20);
  write_bytes(folder / "half.safetensors", bytes);
  const SafetensorsFile contents = read_safetensors(folder / "half.safetensors");
  // NumPy's float16 gave these: one, -two, the smallest and the largest number, the smallest normal, a subnormal, about
  // 1/3.
  CHECK(contents.at("h").to_f64() == std::vector<double>{1, -2, 0x1p-24, 65504, 0x1p-14, -0x1.ff8p-15, 0x1.554p-2,
                                                         -std::numeric_limits<double>::infinity()});
  CHECK(contents.at("b").to_f32() == std::vector<float>{1.0f, -123.5f});
}

TEST_CASE("a missing tensor is reported with file, name and what is there", "[safetensors]") {
  const SafetensorsFile contents = read_golden("preprocessed_every_8th.safetensors");
  CHECK(contents.contains("labels"));
  CHECK_FALSE(contents.contains("weight"));
  CHECK_THROWS_AS(contents.at("weight"), DataError);
  CHECK_THROWS_WITH(contents.at("weight"), ContainsSubstring("preprocessed_every_8th.safetensors") &&
                                               ContainsSubstring("'weight'") && ContainsSubstring("'image', 'labels'"));
}

TEST_CASE("tensors that contradict themselves are refused in memory", "[safetensors]") {
  const std::vector<float> six(6);
  CHECK_THROWS_WITH(HostTensor::from_f32({2, 2}, six), ContainsSubstring("shape [2, 2]"));
  CHECK_THROWS_WITH(HostTensor::from_f32({-2, -3}, six), ContainsSubstring("shape [-2, -3]"));
  CHECK_THROWS_AS(HostTensor::from_f64({int64_t{1} << 62, 8}, {}), Error);
  SafetensorsFile contents;
  contents.add("a", HostTensor::from_f32({6}, six));
  CHECK_THROWS_WITH(contents.add("a", HostTensor::from_f32({6}, six)), ContainsSubstring("'a' twice"));
  CHECK_THROWS_WITH(contents.add("__metadata__", HostTensor::from_f32({6}, six)), ContainsSubstring("reserves"));
  SafetensorsFile latin1;
  latin1.add("caf\xe9", HostTensor::from_f32({6}, six));
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(write_safetensors(folder / "x.safetensors", latin1), ContainsSubstring("UTF-8"));
  CHECK(std::filesystem::is_empty(folder.path()));
  CHECK_THROWS_AS(write_safetensors(folder / "absent" / "x.safetensors", contents), DataError);
}

// The limit of https://github.com/huggingface/safetensors is 100 MB, whatever the file's size.
TEST_CASE("a header of more than 100 MB is refused unread", "[safetensors]") {
  const TemporaryFolder folder;
  const auto refusal = [&](uint64_t length) {
    const std::filesystem::path path = write_bytes(folder / "x.safetensors", length_prefix(length) + "{}");
    std::filesystem::resize_file(path, 8 + length);  // zeros that take no room on disk
    return message_of<DataError>([&] { read_safetensors(path); });
  };
  CHECK_THAT(refusal(100'000'001), ContainsSubstring("at most 100000000 bytes, got a length of 100000001"));
  CHECK_THAT(refusal(100'000'000), ContainsSubstring("got other characters around it"));  // read: zeros
}

TEST_CASE("headers made to take memory or to fill the terminal are refused in few words", "[safetensors]") {
  const TemporaryFolder folder;
  const auto refusal = [&](const std::string& header) {
    const std::filesystem::path path = write_bytes(folder / "x.safetensors", file_of(header, 0));
    return message_of<DataError>([&] { read_safetensors(path); });
  };
  std::string dims = "0";
  for (int i = 0; i < 1'000'000; ++i) dims += ",0";
  CHECK_THAT(refusal(R"({"t":{"dtype":"F32","data_offsets":[0,0],"shape":[)" + dims + "]}}"),
             ContainsSubstring("x.safetensors] expected a header of at most 1000000 names and values, got more"));
  const std::string longest(1 << 20, 'x'), quoted = '"' + longest + '"';
  for (const std::string& header :
       {"{" + quoted + ":3}", R"({"t":)" + quoted + "}", R"({"t":{"dtype":)" + quoted + "}}", quoted, "{" + quoted,
        R"({"t":{"dtype":)" + quoted + R"(,"data_offsets":[0,0],"shape":[0]}})",
        "{" + quoted + R"(:{"dtype":"F32","data_offsets":[0,4],"shape":[0]}})",
        R"({"__metadata__":{"a":[)" + quoted + "]}}", "{" + quoted + ":1," + quoted + ":1}"}) {
    CHECK(refusal(header).size() < 1000);
  }
}

TEST_CASE("damaged files are refused with the reason", "[safetensors]") {
  struct Damage {
    const char* name;
    std::string bytes;
    const char* reason;
  };
  const auto tensor = [](const std::string& fields) { return R"({"t":{)" + fields + "}}"; };
  const std::string good = R"("dtype":"F32","shape":[2],"data_offsets":[0,8])";
  const auto two = [](const std::string& first, const std::string& second) {
    return R"({"a":{"dtype":"F32","shape":[2],"data_offsets":)" + first +
           R"(},"b":{"dtype":"F32","shape":[2],"data_offsets":)" + second + "}}";
  };
  const std::vector<Damage> damages = {
      {"empty file", "", "a file of 0 bytes"},
      {"only a length", length_prefix(2), "a file of 8 bytes"},
      {"header longer than the file", length_prefix(100) + "{}", "at most 2 bytes, got a length of 100"},
      {"header length of all ones", length_prefix(~uint64_t{0}) + "{}", "got a length of 18446744073709551615"},
      {"header of length 0", length_prefix(0) + "{}", "does not parse"},
      {"not JSON", file_of("{\"t\":", 0), "does not parse"},
      {"not UTF-8", file_of("{\"t\xff\":{}}", 0), "does not parse"},
      {"text after the JSON", file_of(tensor(good) + "x", 8), "does not parse"},
      {"a list", file_of("[]", 0), "got array"},
      {"nested too deep", file_of(tensor(good + R"(,"x":[[[[1]]]])"), 8), "nested deeper"},
      {"a tensor twice", file_of(R"({"t":{)" + good + R"(},"t":{)" + good + "}}", 8), "'t' twice"},
      {"a field twice", file_of(tensor(good + R"(,"dtype":"F64")"), 8), "'dtype' twice"},
      {"a number for a tensor", file_of(R"({"t":3})", 0), "got 3"},
      {"no shape", file_of(tensor(R"("dtype":"F32","data_offsets":[0,8])"), 8),
       "expected dtype, shape and data_offsets"},
      {"a field too many", file_of(tensor(good + R"(,"x":1)"), 8), "expected dtype, shape and data_offsets"},
      {"integer dtype", file_of(tensor(R"("dtype":"I64","shape":[1],"data_offsets":[0,8])"), 8), "got \"I64\""},
      {"dtype not a string", file_of(tensor(R"("dtype":4,"shape":[2],"data_offsets":[0,8])"), 8), "expected dtype F16"},
      {"negative extent", file_of(tensor(R"("dtype":"F32","shape":[-2],"data_offsets":[0,8])"), 8), "got [-2]"},
      {"fractional extent", file_of(tensor(R"("dtype":"F32","shape":[2.0],"data_offsets":[0,8])"), 8), "got [2.0]"},
      {"extent beyond int64", file_of(tensor(R"("dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,8])"), 8),
       "64-bit integers"},
      {"shape not a list", file_of(tensor(R"("dtype":"F32","shape":2,"data_offsets":[0,8])"), 8),
       "shape of tensor 't'"},
      // 2^62 * 4 wraps to 0 and 2^61 * 3 * 4 to a small number: the product must not be taken modulo 2^64.
      {"product overflows to 0",
       file_of(tensor(R"("dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0])"), 0), "fits 63 bits"},
      {"product overflows", file_of(tensor(R"("dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8])"), 8),
       "fits 63 bits"},
      {"shape smaller than its data", file_of(tensor(R"("dtype":"F32","shape":[1],"data_offsets":[0,8])"), 8),
       "expected 4 bytes for tensor 't'"},
      {"offsets swapped", file_of(tensor(R"("dtype":"F32","shape":[2],"data_offsets":[8,0])"), 8), "[begin, end]"},
      {"one offset", file_of(tensor(R"("dtype":"F32","shape":[2],"data_offsets":[8])"), 8), "[begin, end]"},
      {"negative offset", file_of(tensor(R"("dtype":"F32","shape":[2],"data_offsets":[-8,0])"), 8), "data_offsets of"},
      {"data not at 0", file_of(tensor(R"("dtype":"F32","shape":[2],"data_offsets":[4,12])"), 12),
       "begin at byte 0, got 4"},
      {"overlap", file_of(two("[0,8]", "[4,12]"), 12), "begin at byte 8, got 4"},
      {"same place", file_of(two("[0,8]", "[0,8]"), 8), "begin at byte 8, got 0"},
      {"gap", file_of(two("[0,8]", "[12,20]"), 20), "begin at byte 8, got 12"},
      {"data cut", file_of(tensor(good), 7), "expected 8 bytes of data after the header, got 7"},
      {"bytes appended", file_of(tensor(good), 9), "expected 8 bytes of data after the header, got 9"},
      {"byte order mark", file_of("\xEF\xBB\xBF" + tensor(good), 8), "other characters around it"},
      {"space before", file_of(" " + tensor(good), 8), "other characters around it"},
      {"line break after", file_of(tensor(good) + "\n", 8), "other characters around it"},
      {"metadata not strings", file_of(R"({"__metadata__":{"epoch":1}})", 0), "map strings to strings"},
      {"metadata not an object", file_of(R"({"__metadata__":"x"})", 0), "map strings to strings"},
  };
  const TemporaryFolder folder;
  const std::filesystem::path path = folder / "damaged.safetensors";
  write_bytes(path, file_of(tensor(good), 8));
  REQUIRE_NOTHROW(read_safetensors(path));  // so that each damage is the only thing wrong
  for (const Damage& damage : damages) {
    INFO(damage.name);
    write_bytes(path, damage.bytes);
    CHECK_THROWS_AS(read_safetensors(path), DataError);
    CHECK_THROWS_WITH(read_safetensors(path),
                      ContainsSubstring(damage.reason) && ContainsSubstring("damaged.safetensors"));
  }
  CHECK_THROWS_AS(read_safetensors(folder.path()), DataError);
  CHECK_THROWS_WITH(read_safetensors(folder / "absent.safetensors"),
                    ContainsSubstring("absent.safetensors] expected a file that can be read, got: No such file"));
}
