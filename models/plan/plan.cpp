#include "models/plan/plan.h"

#include <algorithm>
#include <cstdlib>

#include "models/inference/whole_volume.h"
#include "models/losses.h"
#include "models/networks.h"

namespace revunet {

namespace {

// Returns a sample as the trainer has it, without its values.
HostSample sample_of(const MemorySettings& s) {
  if (!s.augmented) return {.size = s.size.axes()};
  const auto intensities = s.intensities ? std::optional<IntensityChanges>(std::in_place) : std::nullopt;
  return {.size = s.augmented->axes(),
          .window = SampleWindow{.warp = {}, .low = {}, .size = s.size.axes(), .intensities = intensities}};
}

std::vector<LayerBytes> layers_at_peak(const CachingAllocator& allocator) {
  std::vector<LayerBytes> layers;
  for (uint32_t i = 0; i < allocator.layers_at_peak().size(); ++i) {
    if (const size_t bytes = allocator.layers_at_peak()[i]) layers.push_back({allocator.layer_name(i), bytes});
  }
  std::ranges::stable_sort(layers, std::greater<>(), &LayerBytes::bytes);
  return layers;
}

// PlannedProcesses stand in for those of a run: a plan has the memory of one of them, and adds nothing up.
class PlannedProcesses : public Communicator {
 public:
  explicit PlannedProcesses(int64_t size) : size_(static_cast<int>(size)) {}
  int rank() const override { return 0; }
  int size() const override { return size_; }
  int local_rank() const override { return 0; }
  int local_size() const override { return size_; }
  std::future<void> begin_sum(std::vector<std::span<float>>, std::span<float>, int) override {
    std::promise<void> done;
    done.set_value();
    return done.get_future();
  }
  [[noreturn]] void abort(int) override { std::abort(); }

 protected:
  std::vector<std::string> gather_texts(const std::string& text) override {
    return std::vector<std::string>(static_cast<size_t>(size_), text);
  }

 private:
  int size_;
};

}  // namespace

Plan plan_training(const MemorySettings& settings) {
  Device device = Device::meta(settings.layout);
  return plan_training(settings, device, {[](int64_t) {}, [] {}});
}

Plan plan_training(const MemorySettings& settings, Device& device, const PlanMarks& marks) {
  PlannedProcesses processes(settings.processes);
  const Context ctx{.device = device, .processes = &processes};
  const auto model = make_unet(ctx, settings.network, DType::f32, 0, settings.mode, operands_of(settings.precision));
  Adam adam;
  // What the labels mean changes no memory.
  TrainingStep training(ctx, *model, adam,
                        {table_of_classes(settings.network.out_channels), activation_type(settings.precision),
                         settings.optimiser_step, settings.extras});
  const HostSample sample = sample_of(settings);
  for (int64_t step = 1; step <= std::min<int64_t>(settings.steps, 2); ++step) {
    marks.begin_step(step);
    const int64_t samples = settings.extras.accumulate * settings.processes;
    for (int64_t i = 0; i < samples; i += settings.processes) {
      training.take(ctx, sample, {.sample = i, .index = i, .count = samples, .own = i / settings.processes});
    }
  }
  Plan plan{device.allocator().stats(), layers_at_peak(device.allocator()), {}};
  if (settings.validation) {
    const PhaseScope phase(ctx, Phase::evaluation);
    device.allocator().release_cached();  // as a device does that is short of memory
    device.allocator().reset_peak();
    predict_on_device(ctx, *model,
                      volume_on_device(ctx, {}, *settings.validation, settings.network.in_channels,
                                       activation_type(settings.precision)),
                      settings.extras.exclusive_classes ? OutputKind::classes : OutputKind::regions);
    plan.validation = device.allocator().stats();
  }
  marks.end();
  return plan;
}

std::string describe(const StepExtras& e) {
  std::string text;
  if (e.accumulate > 1) text += fmt::format(", {} samples per step", e.accumulate);
  if (*loss_of(e).in_plans) text += fmt::format(", {}", loss_of(e).in_plans);
  if (e.dropout > 0) text += ", dropout";
  if (e.clip_gradients > 0) text += ", clipped gradients";
  if (e.ema > 0) text += ", averaged weights";
  return text;
}

std::string describe(const MemorySettings& s) {
  const bool checkpointed = s.mode.activations == Activations::checkpointed;
  const std::string mode =
      network_of(s.network.kind).reversible_blocks
          ? fmt::format("{} activations, {} skips{}", name_of(s.mode.activations), name_of(s.mode.skips),
                        s.mode.finest == FinestLevel::slabs ? ", in slabs" : "")
          : fmt::format("{}{}", name_of(s.network.kind), checkpointed ? ", checkpointed activations" : "");
  return fmt::format("{}, {}{}{}{}{}", name_of(s.precision), mode,
                     s.optimiser_step == OptimiserStep::fused ? ", fused optimiser step" : "", describe(s.extras),
                     s.augmented ? ", augmented" : "",
                     s.processes > 1 ? fmt::format(", one of {} processes", s.processes) : "");
}

}  // namespace revunet
