// Tests on the CPU that a step learns exclusive classes, and takes the memory that is planned for it.
#include "tests/models/class_training.h"

#include "io/task/brats_task.h"
#include "models/inference/label_table_of.h"
#include "models/plan/plan.h"
#include "models/plan/settings_json.h"

using namespace revunet;
using namespace revunet::test;

TEST_CASE("a network learns two exclusive classes next to ignored voxels") {
  for (const DType dtype : {DType::f32, DType::f64, DType::bf16}) {
    INFO(name_of(dtype));
    Device device;
    check_class_training(device, dtype, 40);
    check_ignored_sample(device, dtype);
  }
}

TEST_CASE("a step on exclusive classes takes what is planned") {
  Device device;
  const Context ctx{device};
  {
    const auto model = make_unet(ctx, two_class_network(), DType::f32, 2);
    Adam adam;
    TrainingStep training(ctx, *model, adam, two_class_options(DType::f32));
    const TwoClassVolume volume;
    for (int i = 0; i < 2; ++i) training.take(ctx, volume.sample());
  }
  const Plan plan = plan_training({.network = two_class_network(),
                                   .extras = two_class_options(DType::f32).extras,
                                   .size = io::VolumeSize(kClassEdge, kClassEdge, kClassEdge)});
  CHECK(device.allocator().stats().peak_allocated == plan.training.peak_allocated);
}

TEST_CASE("a trace's settings say whether classes are exclusive") {
  MemorySettings settings{.network = {.channels = {4, 8}}, .size = io::VolumeSize(8, 8, 8)};
  settings.extras.cross_entropy = 1;
  nlohmann::json j = to_json(settings);
  CHECK_FALSE(j["extras"].contains("exclusive_classes"));
  CHECK_FALSE(settings_from_json(j).extras.exclusive_classes);
  j["extras"]["exclusive_classes"] = true;
  CHECK(settings_from_json(j).extras.exclusive_classes);
  CHECK(nlohmann::json(to_json(settings_from_json(j))) == j);
  j["extras"]["exclusive_classes"] = false;
  CHECK_THROWS_WITH(settings_from_json(j), "expected true for exclusive_classes, got false");
}

TEST_CASE("labels that do not fit the network's output channels are refused") {
  Device device;
  const Context ctx{device};
  const auto model = make_unet(ctx, two_class_network(), DType::f32, 2);
  Adam adam;
  StepOptions options = two_class_options(DType::f32);
  const TwoClassVolume volume;
  options.labels = label_table_of(*io::brats_task());
  CHECK_THROWS_WITH(TrainingStep(ctx, *model, adam, options).take(ctx, volume.sample()),
                    Catch::Matchers::ContainsSubstring("expected a label table of 2 regions or classes"));
}
