// Tests weights as other programs write them: wrappers in names, counters, wrong shapes, and PyTorch's own files.
#include <cstring>
#include <functional>

#include "engine/error.h"
#include "models/inference/weights_reader.h"
#include "tests/models/tiny_weights.h"
#include "tests/support/catch.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
using namespace std::string_literals;
namespace fs = std::filesystem;

namespace {

const UNetConfig small_baseline = {.kind = ModelKind::baseline, .channels = {2, 4, 8}};

struct Read {
  io::SafetensorsFile file;
  std::vector<std::string> notes;
};

Read read(const fs::path& path) {
  Read r;
  r.file = read_weights(path, [&](const std::string& note) { r.notes.push_back(note); });
  return r;
}

std::string weights_refusal(const fs::path& path) {
  return message_of<DataError>([&] { weights_info(read(path).file); });
}

// Writes the same tensors under other names.
template <class NameOf>
fs::path write_renamed(const fs::path& path, const io::SafetensorsFile& file, NameOf name_of) {
  io::SafetensorsFile renamed;
  renamed.metadata = file.metadata;
  for (const auto& entry : file.entries()) renamed.add(name_of(entry.name), entry.tensor);
  io::write_safetensors(path, renamed);
  return path;
}

// Writes the tensors with one of another shape, whose values are zero, without metadata, as other programs write.
fs::path write_reshaped(const fs::path& path, const io::SafetensorsFile& file, const std::string& name,
                        const std::vector<int64_t>& shape) {
  REQUIRE(file.contains(name));
  int64_t count = 1;
  for (const int64_t extent : shape) count *= extent;
  io::write_safetensors(path, changed(file, false, [&](const std::string& n, const io::HostTensor& t) {
                          if (n != name) return t;
                          return io::HostTensor::from_f32(shape, std::vector<float>(static_cast<size_t>(count)));
                        }));
  return path;
}

// Returns the bytes of a file with one more tensor, of a type that we do not write.
std::string with_raw_tensor(const std::string& bytes, const std::string& name, const std::string& dtype,
                            const std::string& shape, const std::string& value) {
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof length);
  std::string header = bytes.substr(8, length);
  header.resize(header.find_last_of('}'));
  const size_t end = bytes.size() - 8 - length;
  header += fmt::format(R"(,"{}":{{"dtype":"{}","shape":{},"data_offsets":[{},{}]}}}})", name, dtype, shape, end,
                        end + value.size());
  length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + bytes.substr(bytes.size() - end) + value;
}

std::string eight_bytes(int64_t value) {
  return std::string(reinterpret_cast<const char*>(&value), 8);
}

}  // namespace

TEST_CASE("what wrappers put into names is dropped and reported", "[weights]") {
  struct Spelling {
    const char* about;
    std::function<std::string(const std::string&)> name_of;
    std::vector<std::string> told;
  };
  const auto spelling = GENERATE(values<Spelling>({
      {"DataParallel", [](const std::string& n) { return "module." + n; }, {"'module.'"}},
      {"torch.compile", [](const std::string& n) { return "_orig_mod." + n; }, {"'_orig_mod.'"}},
      {"both, nested", [](const std::string& n) { return "_orig_mod.module.module." + n; }, {"_orig_mod.", "module."}},
      {"a training framework", [](const std::string& n) { return "model.net." + n; }, {"'model.net.'"}},
      {"wrapped in a framework", [](const std::string& n) { return "net.module." + n; }, {"module.", "net."}},
      {"no dot", [](const std::string& n) { return "unet_" + n; }, {"'unet_'"}},
      {"only some compiled",
       [](const std::string& n) { return n.starts_with("encoders.1.") ? "encoders.1._orig_mod." + n.substr(11) : n; },
       {"'_orig_mod.'"}},
  }));
  const UNetConfig config = GENERATE(tiny_network, small_baseline);
  INFO(spelling.about);
  const TemporaryFolder folder;
  const io::SafetensorsFile plain = io::read_safetensors(write_untrained(folder / "plain.safetensors", config));
  const Read got = read(write_renamed(folder / "w.safetensors", plain, spelling.name_of));
  REQUIRE(got.notes.size() == 1);
  CHECK_THAT(got.notes[0], ContainsSubstring("w.safetensors] "));
  for (const std::string& told : spelling.told) CHECK_THAT(got.notes[0], ContainsSubstring(told));
  CHECK(got.file.metadata == plain.metadata);
  REQUIRE(got.file.entries().size() == plain.entries().size());
  for (const auto& entry : plain.entries()) {
    INFO(entry.name);
    CHECK(got.file.at(entry.name).to_f64() == entry.tensor.to_f64());
  }
  CHECK(weights_info(got.file).config == config);
}

TEST_CASE("plain names are read without a note", "[weights]") {
  const TemporaryFolder folder;
  CHECK(read(write_untrained(folder / "w.safetensors")).notes.empty());
}

TEST_CASE("counters next to the weights are left out and reported, and other integers are refused", "[weights]") {
  const TemporaryFolder folder;
  const std::string bytes = read_bytes(write_untrained(folder / "plain.safetensors"));
  const io::SafetensorsFile plain = io::read_safetensors(folder / "plain.safetensors");
  const fs::path path = folder / "w.safetensors";
  const std::string shape = GENERATE("[]", "[1]");
  write_bytes(path, with_raw_tensor(with_raw_tensor(bytes, "n_averaged", "I64", shape, eight_bytes(7)),
                                    "module.bn.num_batches_tracked", "I32", shape, "\1\0\0"s + '\0'));
  const Read got = read(path);
  REQUIRE(got.notes.size() == 1);
  CHECK_THAT(got.notes[0], ContainsSubstring("2 in all") && ContainsSubstring("n_averaged"));
  CHECK(got.file.entries().size() == plain.entries().size());
  CHECK(weights_info(got.file).config == tiny_network);
  CHECK(got.file.at("lastConv.bias").to_f32() == plain.at("lastConv.bias").to_f32());

  write_bytes(path, with_raw_tensor(bytes, "table", "I64", "[2]", eight_bytes(1) + eight_bytes(2)));
  CHECK_THAT(weights_refusal(path), ContainsSubstring("for tensor 'table', got \"I64\""));
  write_bytes(path, with_raw_tensor(bytes, "n_averaged", "I64", "[]", "1234"));
  CHECK_THAT(weights_refusal(path), ContainsSubstring("expected 8 bytes for tensor 'n_averaged'"));
  write_bytes(path, with_raw_tensor(bytes, "extra.bias", "I64", "[1]", eight_bytes(1)));
  CHECK_THAT(weights_refusal(path), ContainsSubstring("expected extra.bias of floating-point numbers"));
  // Only weights have counters. Other files are read as strictly as before.
  write_bytes(path, with_raw_tensor(bytes, "n_averaged", "I64", "[]", eight_bytes(7)));
  CHECK_THAT(message_of<DataError>([&] { io::read_safetensors(path); }), ContainsSubstring("'n_averaged'"));
}

TEST_CASE("files of more than one network are refused", "[weights]") {
  const TemporaryFolder folder;
  const io::SafetensorsFile plain = io::read_safetensors(write_untrained(folder / "plain.safetensors"));
  const auto refusal_with = [&](const std::vector<std::string>& fronts) {
    io::SafetensorsFile file;
    for (const std::string& front : fronts) {
      for (const auto& entry : plain.entries()) file.add(front + entry.name, entry.tensor);
    }
    io::write_safetensors(folder / "w.safetensors", file);
    return weights_refusal(folder / "w.safetensors");
  };
  CHECK_THAT(refusal_with({"net.", "ema."}), ContainsSubstring("one network, got 2 with 'ema.', 'net.' in front"));
  CHECK_THAT(refusal_with({"", "module."}),
             ContainsSubstring("expected one tensor for ") && ContainsSubstring(" and module."));
}

TEST_CASE("a tensor of a wrong shape is named with both shapes, whichever it is", "[weights]") {
  const TemporaryFolder folder;
  struct Wrong {
    std::string name;
    std::vector<int64_t> shape;
    const char* message;
  };
  const std::string f_block = "encoders.1.reversibleBlocks.reversible_blocks.0.f_block.";
  const io::SafetensorsFile plain = io::read_safetensors(write_untrained(folder / "plain.safetensors"));
  for (const Wrong& wrong : {
           Wrong{"firstConv.weight", {432}, "expected firstConv.weight of shape (O, I, kD, kH, kW), got (432)"},
           {"firstConv.weight", {6, 4, 3, 3, 3}, "firstConv.weight of shape (4, 4, 3, 3, 3), got (6, 4, 3, 3, 3)"},
           {"firstConv.weight", {4, 4, 1, 3, 3}, "firstConv.weight of shape (4, 4, 3, 3, 3), got (4, 4, 1, 3, 3)"},
           {"encoders.1.conv.weight", {12, 4, 1, 1, 1}, "1.conv.weight of shape (8, 4, 1, 1, 1), got (12, 4, 1, 1, 1)"},
           {"encoders.1.conv.weight", {7, 4, 1, 1, 1}, "1.conv.weight of shape (8, 4, 1, 1, 1), got (7, 4, 1, 1, 1)"},
           {"lastConv.bias", {1, 3}, "expected lastConv.bias of shape (3), got (1, 3)"},
           {"lastConv.weight", {3}, "expected lastConv.weight of shape (O, I, kD, kH, kW), got (3)"},
           {f_block + "gn.bias", {5}, "f_block.gn.bias of shape (4), got (5)"},
       }) {
    const std::string message =
        weights_refusal(write_reshaped(folder / "w.safetensors", plain, wrong.name, wrong.shape));
    CHECK_THAT(message, ContainsSubstring("w.safetensors] ") && ContainsSubstring(wrong.message) &&
                            !ContainsSubstring("without it"));
  }
}

TEST_CASE("files of torch.save are recognised by their content, and the message says how to convert them",
          "[weights]") {
  const TemporaryFolder folder;
  const std::string name = GENERATE("w.pth", "w.safetensors", "quote\".ckpt");
  const std::string content = GENERATE("PK\3\4\0\0\x08\x08\0\0\0\0\0\0w/data.pkl\x80\2}"s,  // a zip archive
                                       "\x80\2\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19."s,      // before PyTorch 1.6
                                       "\x80\4\x95\x10\0\0\0\0\0\0\0}\x94."s);              // pickle.dump
  write_bytes(folder / name, content);
  const std::string message = weights_refusal(folder / name);
  CHECK_THAT(message, ContainsSubstring(name + "] expected a safetensors file, got one that torch.save wrote") &&
                          ContainsSubstring("weights_only=True") && ContainsSubstring("safetensors.torch.save_file("));
  if (name == "w.pth") CHECK_THAT(message, ContainsSubstring("/w.safetensors\")"));
  if (name.starts_with("quote")) CHECK_THAT(message, ContainsSubstring("quote\\\".ckpt\", map_location"));
}

TEST_CASE("a header of 640 bytes is not taken for a pickle's protocol", "[weights]") {
  const TemporaryFolder folder;
  const std::string bytes = read_bytes(write_untrained(folder / "plain.safetensors"));
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof length);
  const uint64_t padded = (length / 0x10000 + 1) * 0x10000 + 0x280;  // its first bytes: 80 02
  std::string longer(reinterpret_cast<const char*>(&padded), 8);
  longer += bytes.substr(8, length) + std::string(padded - length, ' ') + bytes.substr(8 + length);
  write_bytes(folder / "w.safetensors", longer);
  CHECK(weights_info(read(folder / "w.safetensors").file).config == tiny_network);
}

TEST_CASE("weights keep the patch and the background that they were trained on", "[weights]") {
  const TemporaryFolder folder;
  Device device;
  const auto model = make_unet(Context{device}, tiny_network, DType::f32, 1);
  const auto patch_of = [&](const io::SafetensorsFile& file) { return weights_info(file).patch; };
  const fs::path path = folder / "w.safetensors";
  save_weights(path, *model, {32, 48, 16}, io::VolumeSize{16, 24, 8}, io::parse_background("-0.75"));
  io::SafetensorsFile file = io::read_safetensors(path);
  CHECK(file.metadata.at("background") == "-0.75");
  CHECK(weights_info(file).background.value().name() == "-0.75");
  file.metadata["background"] = "edge";
  CHECK_THAT(message_of<DataError>([&] { weights_info(file); }), ContainsSubstring("w.safetensors] [`background`]"));
  file.metadata.erase("background");  // as older versions wrote
  CHECK_FALSE(weights_info(file).background.has_value());
  CHECK(file.metadata.at("patch") == "16,24,8");
  CHECK(patch_of(file) == io::VolumeSize{16, 24, 8});
  file.metadata["patch"] = "15,24,8";
  CHECK_THAT(message_of<DataError>([&] { patch_of(file); }),
             ContainsSubstring("w.safetensors] [model] expected sizes"));
  file.metadata.erase("patch");  // as older versions wrote
  CHECK_FALSE(patch_of(file).has_value());
  save_weights(path, *model, {32, 48, 16});
  CHECK(io::read_safetensors(path).metadata.at("patch") == "full");
  CHECK_FALSE(patch_of(io::read_safetensors(path)).has_value());
}
