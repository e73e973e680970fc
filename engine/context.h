// What every op is handed: the device, the tape (nullptr: inference) and the tag of the memory it returns.
#pragma once

#include "engine/device.h"
#include "engine/memory/tag.h"

namespace revunet {

class Tape;

struct Context {
  Device& device;
  Tape* tape = nullptr;
  Tag tag = Tag::other;

  Context with_tag(Tag t) const { return {device, tape, t}; }
  Context with_tape(Tape* t) const { return {device, t, tag}; }
  Context without_tape() const { return with_tape(nullptr); }
};

}  // namespace revunet
