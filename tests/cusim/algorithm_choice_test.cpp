// Tests which of cuDNN's engines runs a convolution, and what happens where engines are wrong, slow or fail.
#include "engine/cuda/cuda_device.h"
#include "kernels/conv3d/conv3d.h"
#include "kernels/conv3d/cuda/conv3d_algorithms.h"
#include "tests/cusim/cublas.h"
#include "tests/cusim/cuda_runtime.h"
#include "tests/cusim/cudnn_engines.h"
#include "tests/cusim/optional_libraries.h"
#include "tests/cusim/random_convolution.h"

using namespace revunet;
using namespace revunet::test;
using Catch::Matchers::ContainsSubstring;
using cusim::EngineOffer;
using cusim::Flaw;

namespace {

const std::vector<int32_t> kTensorCores = {CUDNN_NUMERICAL_NOTE_TENSOR_CORE};

// Returns the result of a convolution with a kernel of edge k, which is written, added or subtracted.
std::vector<double> convolve(Device& device, DType dtype, Write mode, int64_t k = 3) {
  return random_convolution(device, dtype, {1, 4, 3, 2, 8}, {1, 4, 3, 2, 8}, k, mode);
}

// The largest sums are below 64. Rounding them to f32 moves them by 2e-6 at most, and adding them by as much again.
void expect_right(Device& device, Write mode) {
  constexpr double tolerance = 5e-6;
  Device cpu;
  const std::vector<double> expected = convolve(cpu, DType::f64, mode), got = convolve(device, DType::f32, mode);
  for (size_t i = 0; i < got.size(); ++i) CHECK(std::abs(got[i] - expected[i]) <= tolerance);
}

// Counts the runs of an engine from here on.
class Runs {
 public:
  explicit Runs(int64_t engine) : engine_(engine), before_(cusim::engine_runs(engine)) {}
  int64_t count() const { return cusim::engine_runs(engine_) - before_; }

 private:
  int64_t engine_, before_;
};

}  // namespace

TEST_CASE("an engine that cuDNN offers but cannot run is left out", "[cusim]") {
  const EngineOffer offer({{.number = 6, .notes = kTensorCores, .flaw = Flaw::not_supported},
                           {.number = 7, .notes = kTensorCores, .flaw = Flaw::no_memory},
                           {.number = 4, .notes = kTensorCores}});
  const Runs refused(6), starved(7);
  Device device = cuda::make_device(0);
  std::vector<std::string> log;
  device.log_to([&](const std::string& line) { log.push_back(line); });
  expect_right(device, Write::overwrite);
  CHECK(refused.count() == 1);
  CHECK(starved.count() == 2);  // once more after cached memory was given back
  REQUIRE(log.size() == 4);
  CHECK_THAT(log[0], ContainsSubstring("forward f32, x (1, 4, 3, 2, 8), 8 output channels, kernel 3") &&
                         ContainsSubstring("engine 6 cannot run: "));
  CHECK_THAT(log[1], ContainsSubstring("engine 7 cannot run: "));
  CHECK_THAT(log[2], ContainsSubstring("engine 4 has an error of "));
  CHECK_THAT(log[3], ContainsSubstring("engine 4 is chosen, the only one"));
}

TEST_CASE("an engine that breaks the stream ends the run with its name", "[cusim]") {
  const EngineOffer offer(
      {{.number = 6, .notes = kTensorCores, .flaw = Flaw::breaks_stream}, {.number = 4, .notes = kTensorCores}});
  Device device = cuda::make_device(0);
  CHECK_THROWS_WITH(
      convolve(device, DType::f32, Write::overwrite),
      ContainsSubstring("[conv3d] expected cuDNN's algorithm engine 6 to run forward f32, x (1, 4, 3, 2, 8)") &&
          ContainsSubstring("after which nothing runs on the device"));
  cusim::break_stream(cudaSuccess);
}

TEST_CASE("every engine is tried as it is used: an engine that is right for one alpha and beta only runs for these",
          "[cusim]") {
  const EngineOffer offer({{.number = 6, .notes = kTensorCores, .flaw = Flaw::ignores_beta, .milliseconds = 1},
                           {.number = 7, .notes = kTensorCores, .flaw = Flaw::ignores_alpha, .milliseconds = 2},
                           {.number = 4, .notes = kTensorCores, .milliseconds = 3}});
  Device device = cuda::make_device(0);
  const Runs fastest(6), second(7), slowest(4);
  expect_right(device, Write::overwrite);
  const int64_t to_write = fastest.count();
  expect_right(device, Write::overwrite);
  CHECK(fastest.count() == to_write + 1);
  expect_right(device, Write::add);
  const int64_t to_add = second.count();
  expect_right(device, Write::add);
  CHECK(second.count() == to_add + 1);
  expect_right(device, Write::subtract);
  const int64_t to_subtract = slowest.count();
  expect_right(device, Write::subtract);
  CHECK(slowest.count() == to_subtract + 1);
}

TEST_CASE("the fastest engine that is right runs, what is slow is timed once, and what lacks tensor cores never",
          "[cusim]") {
  const EngineOffer offer({{.number = 6, .notes = kTensorCores, .milliseconds = 50},
                           {.number = 7, .notes = kTensorCores, .milliseconds = 20},
                           {.number = 8, .notes = kTensorCores, .flaw = Flaw::wrong_factor, .milliseconds = 10},
                           {.number = 9, .notes = kTensorCores, .milliseconds = 500},
                           {.number = 0, .notes = {}, .milliseconds = 1}});
  const Runs warm(6), fastest(7), wrong(8), slow(9), plain(0);
  Device device = cuda::make_device(0);
  expect_right(device, Write::overwrite);
  // One run compares an engine with plain sums. Ten runs of the first one keep the device busy for 300 ms. In each of
  // three rounds an engine runs twice, and its second run is timed.
  CHECK(warm.count() == 1 + 10 + 6);
  CHECK(fastest.count() == 1 + 6 + 1);
  CHECK(wrong.count() == 1);
  CHECK(slow.count() == 1 + 2);
  CHECK(plain.count() == 0);
}

TEST_CASE("of engines for f32, those less exact than TF32 run only where there are no others", "[cusim]") {
  std::vector<cusim::Engine> engines = {{.number = 6, .notes = kTensorCores, .flaw = Flaw::coarse, .milliseconds = 1},
                                        {.number = 4, .notes = kTensorCores, .milliseconds = 2}};
  const Runs coarse(6);
  {
    const EngineOffer offer(engines);
    Device device = cuda::make_device(0);
    expect_right(device, Write::overwrite);
    CHECK(coarse.count() == 1);  // It was compared with plain sums.
  }
  engines.pop_back();
  const EngineOffer offer(engines);
  Device device = cuda::make_device(0);
  convolve(device, DType::f32, Write::overwrite);
  CHECK(coarse.count() == 1 + 2);
}

TEST_CASE("strict fp32 leaves out what is not a plain sum of products", "[cusim]") {
  for (const int32_t note : {CUDNN_NUMERICAL_NOTE_TENSOR_CORE, CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS,
                             CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION, CUDNN_NUMERICAL_NOTE_FFT,
                             CUDNN_NUMERICAL_NOTE_WINOGRAD, CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_4x4,
                             CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_6x6, CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13}) {
    INFO("note " << note);
    const EngineOffer offer({{.number = 6, .notes = {note}}, {.number = 0, .notes = {}}});
    const Runs left_out(6), taken(0);
    Device device = cuda::make_device(0, kCudaLayout, {.strict_fp32 = true});
    expect_right(device, Write::overwrite);
    CHECK(left_out.count() == 0);
    CHECK(taken.count() > 0);
  }
}

TEST_CASE("a library that finds no memory runs again once cached memory is given back, or the run is out of memory",
          "[cusim]") {
  std::vector<cusim::Engine> engines = {{.number = 4, .notes = kTensorCores, .flaw = Flaw::no_memory, .failures = 1}};
  {
    const EngineOffer offer(engines);
    Device device = cuda::make_device(0);
    expect_right(device, Write::overwrite);
    cusim::refuse_products(1);
    CHECK_NOTHROW(convolve(device, DType::f32, Write::overwrite, 1));
    cusim::refuse_products(2);
    CHECK_THROWS_WITH(convolve(device, DType::f32, Write::overwrite, 1),
                      ContainsSubstring("[memory] expected memory for cuBLAS"));
  }
  engines[0].failures = 2;
  const EngineOffer offer(engines);
  Device device = cuda::make_device(0);
  CHECK_THROWS_WITH(convolve(device, DType::f32, Write::overwrite),
                    ContainsSubstring("[memory] expected memory for cuDNN"));
}

TEST_CASE("an engine that cuDNN finds no memory to make is made once cached memory is given back, or left out",
          "[cusim]") {
  {
    const EngineOffer offer({{.number = 4, .notes = kTensorCores, .unmade = 1}});
    Device device = cuda::make_device(0);
    expect_right(device, Write::overwrite);
  }
  {
    const EngineOffer offer({{.number = 6, .notes = kTensorCores, .unmade = 2}, {.number = 4, .notes = kTensorCores}});
    Device device = cuda::make_device(0);
    expect_right(device, Write::overwrite);
    CHECK(device.kernel_choices().begin()->second == "engine 4");
  }
  const EngineOffer offer({{.number = 4, .notes = kTensorCores, .unmade = 2}});
  Device device = cuda::make_device(0);
  CHECK_THROWS_AS(convolve(device, DType::f32, Write::overwrite), OutOfMemoryError);  // not "no algorithm fits"
}

// 2 x 27 x 32 x 32 operations a voxel.
TEST_CASE("algorithms that are compiled at run time are tried for more than 20 GFLOP", "[cusim]") {
  const auto is_worth_it = [](int64_t voxels) {
    return cuda::is_worth_compiling_for({cuda::Direction::forward, DType::f32, DType::f32, 1, 1, 1, voxels, 32, 32, 3});
  };
  CHECK_FALSE(is_worth_it(361'689));
  CHECK(is_worth_it(361'690));
}

TEST_CASE("where cuDNN has no engine, the message says what would help", "[cusim]") {
  const EngineOffer offer({{.number = 3, .notes = kTensorCores, .flaw = Flaw::wrong_factor}});
  Device device = cuda::make_device(0);
  CHECK_THROWS_WITH(convolve(device, DType::f32, Write::overwrite),
                    ContainsSubstring("got none; allow more `conv-workspace`"));
  cusim::miss_nvrtc("libnvrtc.so.13: cannot open shared object file");
  CHECK_THROWS_WITH(convolve(device, DType::f32, Write::overwrite),
                    ContainsSubstring("NVRTC, which it cannot load: libnvrtc.so.13: cannot open shared object file; "
                                      "install NVRTC"));
  cusim::miss_nvrtc("");
}

TEST_CASE("an engine that was chosen before is compared with plain sums all the same", "[cusim]") {
  KernelChoices choices;
  {
    const EngineOffer offer({{.number = 4, .notes = kTensorCores}});
    Device device = cuda::make_device(0);
    expect_right(device, Write::overwrite);
    choices = device.kernel_choices();
    CHECK(choices.size() == 1);
  }
  Device device = cuda::make_device(0);
  device.kernel_choices() = choices;
  {
    const EngineOffer offer({{.number = 4, .notes = kTensorCores, .flaw = Flaw::no_memory}});
    CHECK_THROWS_AS(convolve(device, DType::f32, Write::overwrite), OutOfMemoryError);
  }
  {
    const EngineOffer offer({{.number = 4, .notes = kTensorCores, .flaw = Flaw::wrong_factor}});
    CHECK_THROWS_WITH(convolve(device, DType::f32, Write::overwrite),
                      ContainsSubstring("other results than it should have; remove `conv-algorithms`'s file"));
  }
  const EngineOffer offer({{.number = 7, .notes = kTensorCores}});
  CHECK_THROWS_WITH(convolve(device, DType::f32, Write::overwrite), ContainsSubstring("got none of that name"));
}

TEST_CASE("an engine that was chosen to add is no must where it cannot write", "[cusim]") {
  const EngineOffer offer({{.number = 6, .notes = kTensorCores, .flaw = Flaw::adds_always, .milliseconds = 1},
                           {.number = 4, .notes = kTensorCores, .milliseconds = 2}});
  Device device = cuda::make_device(0);
  expect_right(device, Write::add);
  CHECK(device.kernel_choices().begin()->second == "engine 6");
  expect_right(device, Write::overwrite);
}
