// Which patient a case is an examination of.
#pragma once

#include <string>

namespace revunet::io {

// The patient of a case: its name, without the number of the examination where BraTS has one there, as in
// Brats18_TCIA01_131_1 and BraTS-GLI-00002-001. In other names (BraTS20_Training_001, BraTS2021_00000) it is the case.
std::string patient_of(const std::string& case_name);

}  // namespace revunet::io
