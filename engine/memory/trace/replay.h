// These functions go through a trace event by event, and say what is live, how many bytes each kind has, and what is
// wrong.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/memory/trace/trace.h"

namespace revunet {

// A section is a part of a trace in which every transient block begins and ends. Sections follow each other without
// gaps.
struct Section {
  enum class Kind : uint8_t { setup, step, evaluation, rest };
  Kind kind;          // rest: what a run does after an evaluation and before its next step
  int64_t step;       // the step, or the one that it follows; 0 for setup
  size_t begin, end;  // indices of events
  bool complete;      // false for the last section of a run that failed or of a trace that was full
};
std::vector<Section> sections(const Trace& trace);

// Returns the section's name, such as "step 2" or "the evaluation after step 2".
std::string describe(const Section& section);

// A fault is something that no correct program does, with the event at which it was found.
struct Fault {
  size_t event;  // index
  std::string text;
};

// A LiveSet holds the blocks that are live after some of a trace's events, in bytes.
class LiveSet {
 public:
  explicit LiveSet(const Trace& trace) : trace_(trace) {}

  // Applies event `i`, the one after the last, and adds what is wrong with it to `faults`. section: the index of its
  // section.
  void apply(size_t i, size_t section, std::vector<Fault>& faults);

  uint64_t allocated() const { return allocated_; }
  uint64_t reserved() const { return reserved_; }
  const std::array<uint64_t, kTagCount>& by_tag() const { return by_tag_; }
  uint64_t operator[](Tag tag) const { return by_tag_[static_cast<size_t>(tag)]; }

  struct Block {
    size_t event;    // index of its allocation
    size_t section;  // index of the section of its allocation
  };
  const std::map<uint64_t, Block>& blocks() const { return blocks_; }  // by address

 private:
  void allocate(size_t i, size_t section, std::vector<Fault>& faults);
  void free(size_t i, size_t section, std::vector<Fault>& faults);
  void release(size_t i, std::vector<Fault>& faults);
  // Returns the live block in which `address` lies, and the segment.
  std::optional<size_t> block_at(uint64_t address, uint64_t size) const;
  bool in_segment(uint64_t address, uint64_t size) const;

  const Trace& trace_;
  uint64_t allocated_ = 0, reserved_ = 0;
  std::array<uint64_t, kTagCount> by_tag_{};
  std::map<uint64_t, Block> blocks_;
  std::map<uint64_t, size_t> segments_;  // event by address
  std::map<uint64_t, size_t> freed_;     // event of the last free at an address
};

// Calls `visit` after every event with the event's index, its section's index and what is live then. Returns every
// fault: those of single events, late frees, and leaks.
using Visit = std::function<void(size_t event, size_t section, const LiveSet& live)>;
std::vector<Fault> replay(const Trace& trace, const Visit& visit);

// Returns what is live before event `event`.
LiveSet live_before(const Trace& trace, size_t event);

// A peak is the first moment with the most bytes allocated.
struct Peak {
  size_t event = 0;  // the peak is reached after this event
  uint64_t allocated = 0;
  uint64_t reserved = 0;                     // the most reserved at any moment
  std::array<uint64_t, kTagCount> by_tag{};  // sum to allocated
};
// Returns the peak of each section.
std::vector<Peak> section_peaks(const Trace& trace);
Peak highest(const std::vector<Peak>& peaks);

// Returns the allocated bytes by layer, largest first.
std::vector<LayerBytes> by_layer(const Trace& trace, const LiveSet& live);

// Returns a line such as "step 2, forward, event 123 (saved_activation of encoders.0.pool, 4096 bytes)".
std::string describe_event(const Trace& trace, size_t event);

}  // namespace revunet
