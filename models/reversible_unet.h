// This is the partially reversible 3-D U-Net of arXiv 1906.06148: reversible sequences at every level, 1x1x1
// convolutions and pooling between levels, trilinear upsampling, skips by sum. It has 12,365,283 parameters, as in the
// paper's 1/1 setting.
#pragma once

#include <functional>

#include "models/networks.h"

namespace revunet {

// Returns how many blocks a segment has where a stage of so many blocks is checkpointed: the square root, rounded up.
// With segments of k of B blocks, B / k - 1 pairs are kept and the k blocks of one segment are computed again at a
// time.
size_t checkpointed_blocks(size_t blocks);

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
  // Enters a stage: maps the variables that it reads to the input of its blocks.
  using Entry = std::function<Stream(const Context& ctx, std::vector<Variable> inputs)>;
  // Runs a stage with checkpointed activations, in segments of checkpointed_blocks() blocks, the first of which enters
  // it. `parameters` are those of the entry. The last segment of the finest decoder is stored: its backward comes right
  // after its forward.
  Stream run_checkpointed(const Context& ctx, const Stage& stage, std::vector<Variable> inputs, const Entry& enter,
                          std::vector<Parameter*> parameters) const;
  Stream forward_checkpointed(const Context& ctx, Variable image) const;
  Variable last_convolution(const Context& ctx, Stream stream) const;
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
