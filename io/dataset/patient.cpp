#include "io/dataset/patient.h"

#include <array>
#include <sstream>
#include <string_view>

#include "engine/error.h"
#include "io/files/input_file.h"
#include "io/text/printable.h"

namespace revunet::io {
namespace {

// Each expression has the patient as its one group.
const std::array<std::regex, 6>& known_names() {
  static const std::array<std::regex, 6> names = {
      std::regex("(brats_(?:2013|tcia)_pat[0-9]+)_[0-9]+"),        // BraTS 2014 and 2015
      std::regex("(Bra[tT][sS]1[789]_[^_]+_[^_]+)_[0-9]+"),        // BraTS 2017 to 2019
      std::regex("(BraTS-[A-Za-z]+(?:-RT)?-[0-9]+)-[0-9]+"),       // BraTS 2023 and later
      std::regex("(sub-[A-Za-z0-9]+)_.+"),                         // BIDS
      std::regex("(UPENN-GBM-[0-9]+)_[0-9]+"),                     // 11 before surgery, 21 at recurrence
      std::regex("(UCSF-PDGM-[0-9]+)(?:_FU[0-9]+d)?(?:_nifti)?"),  // FU: days of the follow-up
  };
  return names;
}

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  text = text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  return std::string(text);
}

std::map<std::string, std::string> read_table(const std::filesystem::path& path) {
  std::istringstream file(read_whole_file(path));
  std::map<std::string, std::string> table;
  std::string line;
  for (int64_t number = 1; std::getline(file, line); ++number) {
    if (number == 1 && line.starts_with("\xef\xbb\xbf")) line.erase(0, 3);  // drops the byte order mark of UTF-8
    if (trimmed(line).empty()) continue;
    const size_t comma = line.find(',');
    const bool two = comma != std::string::npos && line.find(',', comma + 1) == std::string::npos;
    const std::string name = two ? trimmed(std::string_view(line).substr(0, comma)) : "",
                      patient = two ? trimmed(std::string_view(line).substr(comma + 1)) : "";
    REVUNET_EXPECTS(!name.empty() && !patient.empty(), DataError,
                    "[{}, line {}] expected a case and its patient, as in case,patient, got {}; fix the line",
                    path.string(), number, excerpt(trimmed(line)));
    if (number == 1 && name == "case" && patient == "patient") continue;
    REVUNET_EXPECTS(table.emplace(name, patient).second, DataError,
                    "[{}, line {}] expected each case once, got {} again; remove one of its lines", path.string(),
                    number, name);
  }
  REVUNET_EXPECTS(!table.empty(), DataError, "[{}] expected lines case,patient, got none; fill the file",
                  path.string());
  return table;
}

std::regex parse_expression(const std::string& text) try {
  const std::regex expression(text);
  REVUNET_EXPECTS(expression.mark_count() == 1, UsageError,
                  "[`patients`] expected a regular expression with one capture group, the patient, such as "
                  "'(.+)_[0-9]+', or a file that ends in .csv, got {} groups in {}",
                  expression.mark_count(), text);
  return expression;
} catch (const std::regex_error& e) {
  throw UsageError(fmt::format("[`patients`] expected a regular expression, or a file that ends in .csv, got {}: {}",
                               text, e.what()));
}

}  // namespace

std::string patient_of(const std::string& case_name) {
  std::smatch match;
  for (const std::regex& name : known_names()) {
    if (std::regex_match(case_name, match, name)) return match[1];
  }
  return case_name;
}

bool is_patients_file(const std::string& regex_or_file) {
  return regex_or_file.ends_with(".csv");
}

Patients::Patients(const std::string& regex_or_file) : text_(regex_or_file) {
  if (is_patients_file(regex_or_file)) {
    table_ = read_table(regex_or_file);
  } else {
    expression_ = parse_expression(regex_or_file);
  }
}

std::string Patients::of(const std::string& case_name) const {
  if (expression_) {
    std::smatch match;
    REVUNET_EXPECTS(std::regex_search(case_name, match, *expression_) && match[1].length() > 0, UsageError,
                    "[`patients`] expected an expression that finds a patient in every case's name, got {}, which "
                    "finds none in {}",
                    text_, case_name);
    return match[1];
  }
  if (table_.empty()) return patient_of(case_name);
  const auto known = table_.find(case_name);
  REVUNET_EXPECTS(known != table_.end(), DataError,
                  "[{}] expected a patient of every case, got none of {}; add its line", text_, case_name);
  return known->second;
}

}  // namespace revunet::io
