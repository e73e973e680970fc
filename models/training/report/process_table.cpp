#include "models/training/report/process_table.h"

#include <algorithm>

#include <spdlog/spdlog.h>

#include "io/files/input_file.h"
#include "models/training/report/csv_rows.h"

namespace revunet {

namespace {

constexpr const char* kHeader =
    "epoch,rank,host,device,computing_seconds,waiting_for_data_seconds,waiting_for_others_seconds\n";
constexpr double kLongest = 1e12;  // seconds

// Cells have no quotes.
std::string cell(std::string text) {
  std::ranges::replace(text, ',', ';');
  return text;
}

std::string row(int64_t epoch, size_t rank, const ProcessTime& t) {
  return fmt::format("{},{},{},{},{:.3f},{:.3f},{:.3f}\n", epoch, rank, cell(t.host), cell(t.device), t.computing,
                     t.waiting_for_data, t.waiting_for_others);
}

ProcessTime time_of(const CsvRows& rows, size_t i) {
  return {.host = rows.text(i, "host"),
          .device = rows.text(i, "device"),
          .computing = rows.number_within(i, "computing_seconds", 0, kLongest),
          .waiting_for_data = rows.number_within(i, "waiting_for_data_seconds", 0, kLongest),
          .waiting_for_others = rows.number_within(i, "waiting_for_others_seconds", 0, kLongest)};
}

// Returns a table with a row for each process, in the order of ranks.
std::string table_of(const std::vector<ProcessTime>& times) {
  size_t host = 4, device = 6;  // the widths of the heads
  for (const ProcessTime& t : times) {
    host = std::max(host, t.host.size());
    device = std::max(device, t.device.size());
  }
  std::string text = fmt::format("rank  {:{}}  {:{}}  computing  waiting for data  waiting for others", "host", host,
                                 "device", device);
  for (size_t rank = 0; rank < times.size(); ++rank) {
    const ProcessTime& t = times[rank];
    text += fmt::format("\n{:>4}  {:{}}  {:{}}  {:>7.1f} s  {:>14.1f} s  {:>16.1f} s", rank, t.host, host, t.device,
                        device, t.computing, t.waiting_for_data, t.waiting_for_others);
  }
  return text;
}

CsvRows rows_of(const std::filesystem::path& file) {
  return {std::filesystem::exists(file) ? io::read_whole_file(file) : kHeader, file};
}

}  // namespace

void ProcessTable::on_processes(int64_t epoch, const std::vector<ProcessTime>& times) {
  const CsvRows before = rows_of(folder_.file(name()));
  std::string text = kHeader;
  for (size_t i = 0; i < before.count(); ++i) {
    const auto of_epoch = before.number<int64_t>(i, "epoch");
    if (of_epoch < epoch) text += row(of_epoch, before.number<size_t>(i, "rank"), time_of(before, i));
  }
  for (size_t rank = 0; rank < times.size(); ++rank) text += row(epoch, rank, times[rank]);
  folder_.write(name(), text);
}

void ProcessTable::on_end() {
  spdlog::info("processes:\n{}", table_of(process_totals(folder_.file(name()))));
}

std::vector<ProcessTime> process_totals(const std::filesystem::path& file) {
  const CsvRows rows = rows_of(file);
  std::vector<ProcessTime> totals;
  for (size_t i = 0; i < rows.count(); ++i) {
    const auto rank = rows.number<size_t>(i, "rank");
    rows.expect(rank < kMostProcesses, i, "rank", "the rank of a process");
    if (rank >= totals.size()) totals.resize(rank + 1);
    const ProcessTime t = time_of(rows, i);
    ProcessTime& total = totals[rank];
    total.host = t.host;
    total.device = t.device;
    total.computing += t.computing;
    total.waiting_for_data += t.waiting_for_data;
    total.waiting_for_others += t.waiting_for_others;
  }
  return totals;
}

}  // namespace revunet
