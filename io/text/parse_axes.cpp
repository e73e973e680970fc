#include "io/text/parse_axes.h"

#include "engine/error.h"

namespace revunet::io {

std::array<bool, 3> parse_axes(const std::string& text, const std::string& what) {
  std::array<bool, 3> axes{};
  if (text == "none") return axes;
  bool well_formed = text.size() % 2 == 1;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i % 2 == 1) {
      well_formed = well_formed && text[i] == ',';
      continue;
    }
    const auto axis = static_cast<size_t>(text[i] - 'x');
    well_formed = well_formed && axis < 3 && !axes[axis];
    if (well_formed) axes[axis] = true;
  }
  REVUNET_EXPECTS(well_formed, UsageError, "[{}] expected none, or some of x,y,z, each once, got {}", what, text);
  return axes;
}

std::string text_of_axes(const std::array<bool, 3>& axes) {
  std::string text;
  for (size_t axis = 0; axis < 3; ++axis) {
    if (!axes[axis]) continue;
    if (!text.empty()) text += ',';
    text += static_cast<char>('x' + static_cast<char>(axis));
  }
  return text.empty() ? "none" : text;
}

}  // namespace revunet::io
