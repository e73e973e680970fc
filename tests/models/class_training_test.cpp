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

TEST_CASE("a trace's settings say how many classes there are, and whether they are exclusive") {
  MemorySettings settings{.network = two_class_network(), .size = io::VolumeSize(8, 8, 8)};
  settings.extras.cross_entropy = 1;
  nlohmann::json j = to_json(settings);
  CHECK_FALSE(j["extras"].contains("exclusive_classes"));
  CHECK(settings_from_json(j).network == settings.network);
  CHECK(settings_from_json(j).extras == settings.extras);
  CHECK(j["out_channels"] == 2);
  settings.extras.exclusive_classes = true;
  j["extras"]["exclusive_classes"] = true;
  CHECK(nlohmann::json(to_json(settings)) == j);
  CHECK(settings_from_json(j).network == settings.network);
  CHECK(settings_from_json(j).extras == settings.extras);
  j["extras"]["exclusive_classes"] = false;
  CHECK_THROWS_WITH(settings_from_json(j), "expected true for exclusive_classes, got false");
  settings.network.out_channels = 3;
  CHECK_FALSE(to_json(settings).contains("out_channels"));
}

TEST_CASE("labels that do not fit the network's output channels are refused") {
  Device device;
  const Context ctx{device};
  const auto model = make_unet(ctx, two_class_network(), DType::f32, 2);
  Adam adam;
  StepOptions options = two_class_options(DType::f32);
  options.labels = label_table_of(*io::brats_task());
  CHECK_THROWS_WITH(TrainingStep(ctx, *model, adam, options),
                    Catch::Matchers::ContainsSubstring("[step] expected a label table of 2 regions or classes"));
}

TEST_CASE("numbers of output channels that no loss takes are refused") {
  UNetConfig network = two_class_network();
  for (const int64_t channels : {1, 32}) {
    network.out_channels = channels;
    CHECK_NOTHROW(check_config(network));
  }
  for (const int64_t channels : {-1, 0, 33}) {
    network.out_channels = channels;
    CHECK_THROWS_AS(check_config(network), UsageError);
  }
  network.out_channels = 1;
  CHECK_NOTHROW(check_extras(network, OptimiserStep::separate, {}));
  CHECK_THROWS_AS(check_extras(network, OptimiserStep::separate, {.exclusive_classes = true}), UsageError);
}
