// This is the partially reversible 3-D U-Net of arXiv 1906.06148: reversible sequences at every level, 1x1x1
// convolutions and pooling between levels, trilinear upsampling, skips by sum. It has 12,365,283 parameters, as in the
// paper's 1/1 setting.
#pragma once

#include "models/networks.h"

namespace revunet {

class ReversibleUNet : public UNet {
 public:
  // Parameters are zero until initialised. `config` has been checked.
  ReversibleUNet(const Context& ctx, const UNetConfig& config, DType dtype, const MemoryMode& mode, Operands operands);

  Variable forward(const Context& ctx, Variable image) const override;

  // The row in models/networks.cpp calls this.
  static void read_levels(const FileShapes& file, UNetConfig& config);
  static std::unique_ptr<UNet> make(const Context& ctx, const UNetConfig& config, DType dtype, const MemoryMode& mode,
                                    Operands operands);

 private:
  struct Stage {
    PointwiseConvolution convolution;  // before an encoder's sequence, after a decoder's
    std::vector<ReversibleBlock> blocks;
    std::string name;
  };
  void add_convolution(const Context& ctx, Stage& stage, int64_t in, int64_t out, DType dtype);
  void add_sequence(const Context& ctx, std::vector<ReversibleBlock>& blocks, const std::string& stage, size_t level,
                    int64_t depth, DType dtype);
  Stream run_sequence(const Context& ctx, const Stage& stage, Stream stream, SequenceInput input,
                      std::shared_ptr<RecomputedPair> output = nullptr) const;
  // Returns the finest encoder's output.
  Stream encode_finest(const Context& ctx, Variable image, std::shared_ptr<RecomputedPair> output) const;
  // Returns that output as backward may compute it again, or nullptr where it does not.
  std::shared_ptr<RecomputedPair> recomputed_finest(const Context& ctx, const Tensor& image) const;

  MemoryMode mode_;
  Operands operands_;
  Parameter *first_weight_, *last_weight_, *last_bias_;
  std::vector<Stage> encoders_;  // the last one's sequence holds the first decoder's blocks too
  std::vector<Stage> decoders_;
  int64_t residuals_ = 0;  // number made so far
};

}  // namespace revunet
