#include "tools/train/train_log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/null_sink.h>

#include "engine/error.h"
#include "tools/common/flag_names.h"
#include "tools/common/standard_streams.h"
#include "tools/common/verbosity.h"

namespace revunet::tools {

namespace {

// Formats plain lines, or lines with a time in front. Options are named as flags.
class LineFormatter : public spdlog::formatter {
 public:
  explicit LineFormatter(const std::string& pattern) : pattern_(pattern), inner_(pattern) {}
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) override {
    const std::string text = with_flags({message.payload.data(), message.payload.size()});
    spdlog::details::log_msg told = message;
    told.payload = text;
    inner_.format(told, line);
  }
  std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<LineFormatter>(pattern_); }

 private:
  std::string pattern_;
  spdlog::pattern_formatter inner_;
};

// Prints lines on stdout. The run does not depend on it, because they are in train.log too.
class TerminalSink : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    print_log({line.data(), line.size()});
  }
  void flush_() override {}
};

std::shared_ptr<spdlog::sinks::basic_file_sink_st> log_file(const std::string& path) try {
  return std::make_shared<spdlog::sinks::basic_file_sink_st>(path);
} catch (const spdlog::spdlog_ex& e) {
  throw DataError(
      fmt::format("[{}] expected to write this file, got: {}; check the folder's permissions", path, e.what()));
}

}  // namespace

void start_log(const RunFolder& folder) {
  auto terminal = std::make_shared<TerminalSink>();
  terminal->set_formatter(std::make_unique<LineFormatter>("%v"));
  auto file = log_file(folder.file("train.log").string());
  file->set_formatter(std::make_unique<LineFormatter>("%Y-%m-%d %H:%M:%S %v"));
  // The progress within a long epoch goes to the file at level debug, because the terminal's progress line shows it.
  terminal->set_level(verbosity() == Verbosity::quiet     ? spdlog::level::warn
                      : verbosity() == Verbosity::verbose ? spdlog::level::debug
                                                          : spdlog::level::info);
  auto logger = std::make_shared<spdlog::logger>("train", spdlog::sinks_init_list{terminal, file});
  logger->set_level(spdlog::level::debug);
  logger->flush_on(spdlog::level::debug);
  logger->set_error_handler([told = false](const std::string& reason) mutable {
    if (!told) print_message("revunet-train: warning: train.log lacks lines: {}\n", reason);
    told = true;
  });
  spdlog::set_default_logger(logger);
}

void start_no_log() {
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("train", std::make_shared<spdlog::sinks::null_sink_mt>()));
}

void log_to_file(spdlog::level::level_enum level, const std::string& text) try {
  spdlog::default_logger()->sinks().back()->log({"train", level, text});
  spdlog::default_logger()->flush();
} catch (const spdlog::spdlog_ex&) {  // for example on a full disk, which the run reports
}

void show_results() {
  spdlog::default_logger()->sinks().front()->set_level(spdlog::level::info);
}

}  // namespace revunet::tools
