// --patients: whose cases are whose, where names do not say it as those of BraTS do.
#pragma once

#include <string>

#include <CLI/CLI.hpp>

#include "io/dataset/patient.h"

namespace revunet::tools {

// Declares --patients, which sets `text`; empty: by the names of datasets that are known.
inline CLI::Option* add_patients_option(CLI::App& app, std::string& text) {
  return app.add_option("--patients", text,
                        "patients of the cases: a regular expression that is found in each case's name and whose one "
                        "group is the patient, such as '^(.+)_[0-9]+$', or a .csv file with lines case,patient [by the "
                        "names of BraTS and other datasets, see docs/data.md]");
}

inline io::Patients patients_of_option(const std::string& text) {
  return text.empty() ? io::Patients() : io::Patients(text);
}

}  // namespace revunet::tools
