// Tests the label tables of tasks against masks that are counted by hand.
#include "models/inference/label_table_of.h"

#include "io/task/brats_task.h"
#include "tests/support/catch.h"

using namespace revunet;

// The bits are WT, TC and ET.
TEST_CASE("the label table of BraTS has the whole tumour, its core and what enhances") {
  const LabelTable table = label_table_of(*io::brats_task());
  CHECK(table.count == 3);
  CHECK_FALSE(table.ignored);
  for (size_t label = 0; label < 256; ++label) {
    INFO(label);
    const uint32_t mask = label == 1 ? 0b011 : label == 2 ? 0b001 : label == 4 ? 0b111 : 0;
    CHECK(table.of_label[label] == mask);
  }
}

TEST_CASE("the label table of a task has a bit for each of its regions") {
  const io::Task task("organs", {"ct"}, {{0, "background"}, {5, "liver"}, {255, "tumour"}},
                      {{"organ", {5, 255}, 5}, {"tumour", {255}, 255}});
  const LabelTable table = label_table_of(task);
  CHECK(table.count == 2);
  CHECK(table.of_label[0] == 0);
  CHECK(table.of_label[5] == 0b01);
  CHECK(table.of_label[255] == 0b11);
}

TEST_CASE("the label table of exclusive classes begins with the background, and says what is ignored") {
  const io::Task task("organs", {"ct"}, {{0, "background"}, {5, "liver"}, {7, "ignore"}, {255, "tumour"}},
                      {{"liver", {5}, 5}, {"tumour", {255}, 255}}, {.exclusive = true, .ignored = uint8_t{7}});
  const LabelTable table = label_table_of(task);
  CHECK(table.count == 3);
  CHECK(table.ignored == uint8_t{7});
  for (size_t label = 0; label < 256; ++label) {
    INFO(label);
    CHECK(table.of_label[label] == (label == 5 ? 0b010 : label == 255 ? 0b100 : 0b001));
  }
}
