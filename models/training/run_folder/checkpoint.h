// A checkpoint holds all that a run needs to go on as if it had never stopped.
//
// It is a safetensors file with weights, their average, moments, the gradients of a step in progress, and their names.
// Its metadata has counters, scores and averages as JSON, numbers to the last bit, and a CRC-32 of everything, so that
// a damaged file is recognised.
//
// Rule: a checkpoint is written under a temporary name, synced and renamed, and the previous one stays next to it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "kernels/adam/adam.h"
#include "models/training/early_stopping.h"
#include "models/training/run_folder/run_folder.h"
#include "models/weight_average.h"

namespace revunet {

// An EpochOrder gives an epoch its samples and steps. It must not change within an epoch.
struct EpochOrder {
  uint64_t seed = 0;
  int64_t cases = 0, accumulate = 1;
};

// A RunState says where a run is, apart from its weights and moments. Random numbers follow from the seed and these
// counters.
struct RunState {
  EpochOrder order;                     // of the epoch in progress
  int64_t epoch = 1;                    // in progress, from 1
  int64_t step = 0;                     // optimiser steps so far
  int64_t sample = 0;                   // samples so far
  int64_t sample_of_epoch = 0;          // samples so far in the epoch in progress
  RegionValues loss;                    // sums over these, of each part of the loss (loss_names)
  RegionValues step_loss;               // mean of the step in progress so far
  double training_seconds = 0;          // over the epoch's samples
  double waiting_seconds = 0;           // the part of these spent waiting for data
  std::vector<RegionScores> validated;  // Dice of the cases that the validation in progress has scored
  std::optional<double> best_score;     // higher is better: mean Dice, or minus the loss without validation cases
  std::string patches;                  // that these and earlier epochs' scores are by; empty: by whole fields of view
  EarlyStopping::State stopping;
  // Says whether best_score and stopping come from a version that gave Dice 1 to regions which reference and prediction
  // lack.
  bool older_scores = false;
  int64_t next_turn = 0;  // turn of SequenceWatch
  std::string log;        // log.csv
};

// Replaces RUN/checkpoint.safetensors. The earlier file becomes RUN/checkpoint.previous.safetensors. average is nullptr
// where there is none.
void save_checkpoint(const RunFolder& folder, const UNet& model, const Adam& adam, const WeightAverage* average,
                     const RunState& state);

// Returns whether the folder has a checkpoint, whole or not. A run that was killed in its first epoch has none.
bool has_checkpoint(const RunFolder& folder);

struct Restored {
  RunState state;
  std::string damage;  // why the newest file could not be read, where the previous one is restored; otherwise empty
};

// Sets weights, moments, gradients and average, and returns the rest. Throws DataError where neither file exists and is
// whole, or where they belong to another network, have values of other numbers of outputs or regions than the task's,
// or lack an average that is needed. A newest file that is damaged becomes RUN/checkpoint.damaged.safetensors, so that
// the next save does not put it in the place of the whole one.
Restored load_checkpoint(const Context& ctx, const RunFolder& folder, const io::Task& task, UNet& model, Adam& adam,
                         WeightAverage* average);

}  // namespace revunet
