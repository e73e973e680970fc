// Tests what a training step allocates: the same on the meta device, within the floors of each mode, whatever the
// optimiser.

#include "engine/memory/allocation_table.h"
#include "engine/rng.h"
#include "io/task/brats_task.h"
#include "models/inference/label_table_of.h"
#include "models/training_step.h"
#include "tests/support/catch.h"
#include "tests/support/random_labels.h"

using namespace revunet;

namespace {

const UNetConfig kSmallReversible{.channels = {8, 16, 24}, .encoder_depth = 2};
const UNetConfig kSmallBaseline{.kind = ModelKind::baseline, .channels = {4, 8, 16}};
const UNetConfig kFlatReversible{
    .channels = {8, 16, 24}, .encoder_depth = 2, .halved = {{true, true, false}, {false, true, true}}};
const UNetConfig kFlatBaseline{
    .kind = ModelKind::baseline, .channels = {4, 8, 16}, .halved = {{true, true, false}, {false, true, true}}};
constexpr std::array<int64_t, 3> kSmall = {16, 8, 12};

// Lists every event in words, so that a difference is readable.
class EventList : public AllocationObserver {
 public:
  explicit EventList(const CachingAllocator& allocator) : allocator_(allocator) {}
  void on_event(const AllocationEvent& e) noexcept override {
    constexpr std::array kNames = {"segment", "allocate", "free", "release"};
    lines.push_back(fmt::format("{} {} of {} bytes, {}, {}{}{}", kNames[static_cast<size_t>(e.kind)], e.requested,
                                e.size, name_of(e.tag), allocator_.layer_name(e.layer), e.reused ? ", reused" : "",
                                e.split ? ", split" : ""));
  }
  std::vector<std::string> lines;

 private:
  const CachingAllocator& allocator_;
};

// A Run has a network, Adam and one sample on a device, and trains steps on it.
struct Run {
  Run(DeviceKind kind, const UNetConfig& config, const MemoryMode& mode, DType dtype,
      const std::array<int64_t, 3>& voxels, Operands operands = Operands::activations)
      : type(dtype),
        size(voxels),
        device(kind == DeviceKind::meta ? Device::meta() : Device()),
        events(device.allocator()) {
    device.allocator().observe(&events);
    model = make_unet(ctx, config, compute_type(dtype), 1, mode, operands);
    if (!device.computes()) return;
    Rng rng(3, 1);
    image.resize(static_cast<size_t>(size[0] * size[1] * size[2] * 4));
    for (float& v : image) v = static_cast<float>(rng.uniform());
    labels = test::random_labels(size[0] * size[1] * size[2], 2);
  }
  ~Run() { device.allocator().observe(nullptr); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  void steps(int count, OptimiserStep optimiser_step) {
    TrainingStep step(
        ctx, *model, adam,
        {.labels = label_table_of(*io::brats_task()), .activations = type, .optimiser_step = optimiser_step});
    for (int i = 0; i < count; ++i) step.take(ctx, sample());
  }
  void infer() { model->forward(ctx, Variable(to_device(ctx, sample(), model->config(), type).image)); }
  HostSample sample() const { return {size, image, labels}; }
  const MemoryStats& stats() { return device.allocator().stats(); }

  DType type;
  std::array<int64_t, 3> size;
  Device device;
  Context ctx{device};
  EventList events;
  std::unique_ptr<UNet> model;
  std::vector<float> image;  // none on the meta device
  std::vector<uint8_t> labels;
  Adam adam;
};

// Returns the peak of the second step, whose optimiser has its state, on the meta device.
MemoryStats planned(const UNetConfig& config, const MemoryMode& mode, const std::array<int64_t, 3>& size,
                    OptimiserStep optimiser_step = OptimiserStep::separate, DType dtype = DType::f32) {
  Run run(DeviceKind::meta, config, mode, dtype, size);
  run.steps(2, optimiser_step);
  return run.stats();
}

}  // namespace

TEST_CASE("the meta device allocates exactly as the CPU does") {
  struct Types {
    DType dtype;
    Operands operands = Operands::activations;
  };
  const auto [dtype, operands] =
      GENERATE(Types{DType::f32}, Types{DType::f64}, Types{DType::bf16}, Types{DType::f32, Operands::bf16});
  const auto optimiser_step = GENERATE(OptimiserStep::separate, OptimiserStep::fused);
  for (const UNetConfig& config : {kSmallReversible, kSmallBaseline, kFlatReversible, kFlatBaseline}) {
    if (config.kind == ModelKind::baseline && operands == Operands::bf16) continue;  // refused
    for (const MemoryMode& mode : kMemoryModes) {
      Run cpu(DeviceKind::cpu, config, mode, dtype, kSmall, operands),
          meta(DeviceKind::meta, config, mode, dtype, kSmall, operands);
      for (Run* run : {&cpu, &meta}) {
        run->steps(2, optimiser_step);
        run->infer();
      }
      REQUIRE(cpu.events.lines.size() > 500);
      CHECK(cpu.events.lines == meta.events.lines);
      CHECK(cpu.stats().peak_allocated == meta.stats().peak_allocated);
      CHECK(cpu.stats().peak_reserved == meta.stats().peak_reserved);
      CHECK(cpu.stats().at_peak == meta.stats().at_peak);
    }
  }
}

TEST_CASE("what a layer has at the peak adds up to the peak") {
  Run run(DeviceKind::meta, kSmallReversible, {}, DType::f32, kSmall);
  run.steps(2, OptimiserStep::separate);
  size_t sum = 0;
  for (const size_t bytes : run.device.allocator().layers_at_peak()) sum += bytes;
  CHECK(sum == run.stats().peak_allocated);
}

TEST_CASE("the meta device has no memory to read") {
  Device device = Device::meta();
  const Tensor x = zeros({device}, {2, 3}, DType::f32);
  CHECK_THROWS_WITH(to_host_f32(x), Catch::Matchers::ContainsSubstring("(2, 3) of the meta device"));
}

TEST_CASE("the fused optimiser has the same bits as the separate step, and never holds all gradients at once") {
  for (const UNetConfig& config : {kSmallReversible, kSmallBaseline}) {
    Run separate(DeviceKind::cpu, config, {}, DType::f32, kSmall),
        fused(DeviceKind::cpu, config, {}, DType::f32, kSmall);
    separate.steps(3, OptimiserStep::separate);
    fused.steps(3, OptimiserStep::fused);
    for (size_t i = 0; i < separate.model->parameters().size(); ++i) {
      const auto &a = separate.model->parameters()[i], &b = fused.model->parameters()[i];
      INFO(a->name);
      CHECK(to_host_f32(a->value) == to_host_f32(b->value));
    }
    const auto gradient = static_cast<size_t>(Tag::gradient);
    CHECK(fused.stats().peak_by_tag[gradient] < separate.stats().peak_by_tag[gradient]);
  }
}

TEST_CASE("at full size in f32 at most 5 % is reserved beyond what is allocated") {
  const std::array<int64_t, 3> whole = {160, 192, 160};
  const auto check = [&](const UNetConfig& config, const MemoryMode& mode) {
    const MemoryStats stats = planned(config, mode, whole);
    INFO(name_of(config.kind) << ", " << name_of(mode.activations) << " activations, " << name_of(mode.skips));
    CHECK(static_cast<double>(stats.peak_reserved) <= 1.05 * static_cast<double>(stats.peak_allocated));
  };
  for (const MemoryMode& mode : kMemoryModes) check(default_config(ModelKind::reversible), mode);
  check(default_config(ModelKind::baseline), {});
}

// The floors, in MiB, are what each mode must hold at once. At 160 x 192 x 160 with 60 channels the finest pair takes
// 1125, and the coarser ones 281, 70, 13 and 2. Parameters with gradients and moments take 189, and the image 75.
TEST_CASE("the full-size reversible network fits where the design says") {
  const UNetConfig config = default_config(ModelKind::reversible);
  const MemoryMode reversible, stored_skips{Activations::reversible, Skips::stored};
  const std::array<int64_t, 3> whole = {160, 192, 160}, cube = {128, 128, 128};
  const MemoryStats at_whole = planned(config, reversible, whole);
  CHECK(mib(at_whole.peak_allocated) <= 3600);
  CHECK(mib(at_whole.peak_allocated) >= 1491 + 1125 + 562);  // all pairs, the finest gradient, one half of scratch
  CHECK(mib(planned(config, stored_skips, whole).peak_allocated) <= 5100);
  CHECK(mib(planned(config, reversible, cube).peak_allocated) <= 1700);
  CHECK(mib(planned(config, reversible, whole, OptimiserStep::separate, DType::bf16).peak_allocated) <= 2000);
}

TEST_CASE("a further encoder depth costs its parameters, gradients and moments, no activations") {
  const std::array<int64_t, 3> whole = {160, 192, 160};
  std::vector<double> separate, fused;
  for (int64_t depth = 1; depth <= 4; ++depth) {
    UNetConfig config = default_config(ModelKind::reversible);
    config.encoder_depth = depth;
    separate.push_back(mib(planned(config, {}, whole).peak_allocated));
    fused.push_back(mib(planned(config, {}, whole, OptimiserStep::fused).peak_allocated));
  }
  for (size_t i = 1; i < separate.size(); ++i) {
    CHECK(separate[i] - separate[i - 1] <= 91);
    CHECK(fused[i] - fused[i - 1] <= 68);
  }
}

TEST_CASE("the baseline at 128^3 is well under the paper's 6646 MB") {
  CHECK(mib(planned(default_config(ModelKind::baseline), {}, {128, 128, 128}).peak_allocated) < 5000);
}
