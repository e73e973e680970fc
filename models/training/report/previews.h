// RUN/previews/<case>.png has a picture of the latest prediction for each of a few validation cases.
#pragma once

#include <memory>
#include <string>

#include "models/training/run_observer.h"
#include "models/training/samples/split.h"

namespace revunet {

// This is the picture of a validation case. png is empty once another observer has taken it.
struct Picture {
  std::string case_name, png;
};

class Previews : public RunObserver {
 public:
  // Draws the first `count` of the validation cases. In `latest`, the next observer finds the picture of a case during
  // its own on_validation_case.
  Previews(const RunFolder& folder, const std::vector<io::CaseFiles>& validation, int64_t count,
           std::shared_ptr<Picture> latest);

  std::string name() const override { return "pictures of predictions"; }
  void on_validation_case(const ValidatedCase& c) override;

 private:
  std::filesystem::path folder_;
  std::vector<io::CaseFiles> cases_;
  std::shared_ptr<Picture> latest_;
};

}  // namespace revunet
