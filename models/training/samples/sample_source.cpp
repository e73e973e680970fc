#include "models/training/samples/sample_source.h"

#include "models/training/samples/random_sequences.h"

namespace revunet {

SampleSource::SampleSource(const TrainOptions& options, std::vector<io::CaseFiles> cases, const io::CaseCache* cache,
                           SampleUpload* upload)
    : options_(options),
      loader_(std::move(cases), options.size, cache, options.least_field()),
      share_(options.processes),
      upload_(upload),
      ahead_([this](int64_t index) { return make(index); }, options.loader_threads) {}

SampleSource::~SampleSource() {
  if (upload_) upload_->close();  // a thread that waits for its buffer would never end
}

TrainingSample SampleSource::get(int64_t number, int64_t end) {
  const int64_t index = share_.before(number);
  if (upload_) upload_->expect(index);
  return ahead_.get(index, share_.before(end));
}

double SampleSource::take_waited() {
  const double for_reading = ahead_.take_waited();
  return upload_ ? upload_->waited().value_or(for_reading) : for_reading;
}

TrainingSample SampleSource::make(int64_t index) {
  const int64_t number = share_.number(index), epoch = number / count() + 1;
  const auto place = static_cast<size_t>(number % count());
  const size_t chosen = epoch_order(loader_.count(), options_.seed, epoch)[place];
  const SharedCase c = loader_.get(chosen);
  const Rng window(options_.seed, kPatchSequence + static_cast<uint64_t>(number));
  TrainingSample made{{}, loader_.name(chosen), c->cut};
  const PatchPlace patch{options_.patch.value_or(options_.size), options_.foreground, options_.foreground_by};
  if (options_.augmentation) {
    Rng rng = augmentation_rng(options_.seed, epoch, chosen);
    const PlaneWarp warp = draw_warp(*options_.augmentation, c->statistics.size(), rng);
    made.sample = options_.own_fields ? augmented_patch(*c, warp, patch, options_.augmented_from(), window)
                                      : augmented_sample(c, warp, patch, window);
    if (options_.augmentation->strong) made.sample.voxels.window->intensities = draw_intensities(c->statistics, rng);
  } else {
    made.sample = options_.patch ? random_patch(*c, patch, window) : whole_sample(c);
  }
  if (options_.drop_modality > 0) {
    const Rng rng(options_.seed, kMissingSequence + static_cast<uint64_t>(number));
    made.sample =
        without_modalities(std::move(made.sample), draw_missing(c->statistics.size(), options_.drop_modality, rng));
  }
  if (upload_) upload_->fill(index, made.sample.voxels);
  return made;
}

}  // namespace revunet
