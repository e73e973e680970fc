#include "kernels/label_table.h"

#include <algorithm>

namespace revunet {

namespace {

void check_count(int64_t count) {
  REVUNET_EXPECTS(count >= 1 && count <= kMostRegions, Error, "[labels] expected 1 to {} regions or classes, got {}",
                  kMostRegions, count);
}

}  // namespace

LabelTable table_of_classes(int64_t classes) {
  check_count(classes);
  LabelTable table{.count = classes};
  table.of_label.fill(1);
  for (int64_t c = 0; c < classes; ++c) table.of_label[static_cast<size_t>(c)] = uint32_t{1} << c;
  return table;
}

void check_labels(const char* op, const Tensor& logits, const Tensor& labels, const LabelTable& table) {
  const auto [N, D, H, W, R] = activation(logits.shape());
  const TensorSpec wanted{{N, D, H, W, 1}, DType::u8};
  REVUNET_EXPECTS(labels.spec() == wanted, Error, "[{}] expected labels {} for logits {}, got {}", op,
                  wanted.to_string(), logits.spec().to_string(), labels.spec().to_string());
  check_count(table.count);
  REVUNET_EXPECTS(table.count == R, Error, "[{}] expected a label table of {} regions or classes for logits {}, got {}",
                  op, R, logits.spec().to_string(), table.count);
  for (size_t label = 0; label < table.of_label.size(); ++label) {
    const auto beyond = static_cast<uint64_t>(table.of_label[label]) >> R;
    REVUNET_EXPECTS(beyond == 0, Error, "[{}] expected label {} in the first {} regions or classes, got the mask {:#x}",
                    op, label, R, table.of_label[label]);
  }
}

}  // namespace revunet
