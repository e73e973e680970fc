// The paper reports this memory for its networks: Table 1 of arXiv 1906.06148, batch 1, fp32, an NVIDIA GPU.
#pragma once

#include <string>
#include <vector>

#include "io/preprocessing/preprocessing.h"
#include "models/unet.h"

namespace revunet::bench {

struct PublishedRow {
  std::string name;  // a key of bench-memory's --measure
  UNetConfig model;
  io::Size3 size;    // x, y, z in voxels
  double megabytes;  // as the paper prints them
};

std::vector<PublishedRow> published_rows();

}  // namespace revunet::bench
