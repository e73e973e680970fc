// Tests which cases belong to which patient: by known names, by an expression, by a table.
#include "io/dataset/patient.h"

#include "engine/error.h"
#include "tests/io/test_files.h"

using Catch::Matchers::ContainsSubstring;
using namespace revunet;
using namespace revunet::test;

TEST_CASE("patients by an expression with one group") {
  const io::Patients patients("^([a-z]+[0-9]+)_");
  CHECK(patients.of("site3_before") == "site3");
  CHECK(patients.of("site3_after_2") == "site3");
  CHECK_THAT(message_of<UsageError>([&] { patients.of("3site_a"); }),
             ContainsSubstring("[`patients`] expected") && ContainsSubstring("finds none in 3site_a"));
  CHECK(io::Patients("(.+)_[0-9]+").of("BraTS19_TCIA08_436_2") == "BraTS19_TCIA08_436");
  CHECK(io::Patients().of("BraTS-GLI-00002-001") == "BraTS-GLI-00002");
  CHECK_THROWS_AS(io::Patients("(x?)").of("a"), UsageError);  // an empty patient is none
  CHECK_THAT(message_of<UsageError>([] { io::Patients("a+"); }), ContainsSubstring("got 0 groups in a+"));
  CHECK_THAT(message_of<UsageError>([] { io::Patients("(a)(b)"); }), ContainsSubstring("got 2 groups"));
  CHECK_THAT(message_of<UsageError>([] { io::Patients("(a"); }), ContainsSubstring("expected a regular expression"));
}

TEST_CASE("patients by a table of cases") {
  const TemporaryFolder folder;
  const auto table = [&](const std::string& text) {
    return io::Patients(write_bytes(folder / "patients.csv", text).string());
  };
  const auto refusal = [&](const std::string& text) { return message_of<DataError>([&] { table(text); }); };
  // Spreadsheets save tables like this.
  const io::Patients patients = table(
      "\xef\xbb\xbf"
      "case,patient\r\na,P 1\r\n\"b\",\"P 1\"\r\n\r\nc,P2");
  CHECK(patients.of("a") == "P 1");
  CHECK(patients.of("b") == "P 1");
  CHECK(patients.of("c") == "P2");
  CHECK_THAT(message_of<DataError>([&] { patients.of("d"); }),
             ContainsSubstring("patients.csv] expected a patient of every case, got none of d"));
  CHECK(table("a,1\n").of("a") == "1");  // without a heading
  CHECK_THAT(refusal("case,patient\na,1\na,2\n"), ContainsSubstring("line 3] expected each case once, got a again"));
  CHECK_THAT(refusal("a;1\n"), ContainsSubstring("patients.csv, line 1] expected") && ContainsSubstring("got a;1"));
  CHECK_THAT(refusal("a,1,2\n"), ContainsSubstring("line 1] expected"));
  CHECK_THAT(refusal("a,\n"), ContainsSubstring("line 1] expected"));
  CHECK_THAT(refusal(""), ContainsSubstring("expected lines case,patient, got none"));
  CHECK_THAT(message_of<DataError>([&] { io::Patients((folder / "none.csv").string()); }),
             ContainsSubstring("none.csv] expected a file"));
  CHECK_THROWS_AS(io::Patients(folder.path().string() + ".csv"), DataError);
}
