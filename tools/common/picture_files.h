// A program writes a picture to name.svg, to name.png, or, where the name has neither ending, to both.
#pragma once

#include <string>

namespace revunet::tools {

struct PictureFiles {
  std::string svg, png;  // empty: not asked for
};

inline PictureFiles picture_files(const std::string& name) {
  if (name.ends_with(".svg")) return {.svg = name, .png = ""};
  if (name.ends_with(".png")) return {.svg = "", .png = name};
  return {.svg = name + ".svg", .png = name + ".png"};
}

}  // namespace revunet::tools
