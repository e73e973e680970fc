#include "io/patient.h"

#include <regex>

namespace revunet::io {

std::string patient_of(const std::string& case_name) {
  static const std::regex examinations("(Brats1[789]_.+)_[0-9]+|(BraTS-[A-Za-z]+-[0-9]+)-[0-9]+");
  std::smatch match;
  if (!std::regex_match(case_name, match, examinations)) return case_name;
  return match[1].matched ? match[1] : match[2];
}

}  // namespace revunet::io
