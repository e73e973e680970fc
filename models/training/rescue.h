// What becomes of a run that cannot go on where it is: it is saved first, and the message says how to go on.
#pragma once

#include <exception>
#include <filesystem>
#include <functional>
#include <string>

#include "engine/error.h"
#include "models/training/run_folder/checkpoint.h"

namespace revunet {

class Rescue {
 public:
  // save: writes the run's checkpoint. run: its folder. state: where it is; outlives this.
  Rescue(std::filesystem::path run, const RunState& state, std::function<void()> save)
      : run_(std::move(run)), state_(state), save_(std::move(save)) {}

  // Interrupted, once the run is saved, where a signal asks for it.
  void leave_if_interrupted() const;

  // Returns get(). Where it throws, on a case that cannot be read for example, the run is saved and nothing is lost.
  template <class Get>
  auto saved_if_failing(Get get) const {
    try {
      return get();
    } catch (const DataError& e) {
      throw DataError(saved_because_of(e));
    } catch (const OutOfMemoryError& e) {
      throw OutOfMemoryError(saved_because_of(e), e.capacity);
    } catch (const Error& e) {
      throw Error(saved_because_of(e));
    } catch (const std::exception&) {  // of the system, such as a thread that cannot be started
      save_();
      throw;
    }
  }

  // Runs `write`, which makes a file of the run. Where that fails, on a full disk for example, the run goes on from its
  // last checkpoint.
  template <class Write>
  void write(Write write) const try {
    write();
  } catch (const DataError& e) {
    throw DataError(fmt::format("{}\nonce that is fixed, go on with --resume {}", e.what(), run_.string()));
  }

 private:
  std::string saved_because_of(const Error& error) const;

  std::filesystem::path run_;
  const RunState& state_;
  std::function<void()> save_;
};

}  // namespace revunet
