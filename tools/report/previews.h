// Pictures of predictions for a few validation cases, each of its latest validation: RUN/previews/<case>.png.
#pragma once

#include <map>
#include <memory>

#include "tools/train/run_observer.h"
#include "tools/train/split.h"

namespace revunet::tools {

// PNGs by the names of their cases.
using Pictures = std::map<std::string, std::string>;

class Previews : public RunObserver {
 public:
  // Of the first `count` of the validation cases. pictures: where others find those of the latest validation, from its
  // epoch's on_epoch on.
  Previews(const RunFolder& folder, const std::vector<io::CaseFiles>& validation, int64_t count,
           std::shared_ptr<Pictures> pictures);

  std::string name() const override { return "pictures of predictions"; }
  void on_validation_case(const ValidatedCase& c) override;
  void on_epoch(const EpochRecord& record) override;

 private:
  std::filesystem::path folder_;
  std::vector<io::CaseFiles> cases_;
  std::shared_ptr<Pictures> pictures_;
  Pictures drawn_;  // of a validation that goes on, or that was interrupted
};

}  // namespace revunet::tools
