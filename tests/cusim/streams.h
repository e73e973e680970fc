// Streams and events of the simulated CUDA runtime.
//
// A stream runs its work as it is given, unless a test holds it. A stream that is held runs work only where something
// waits for it: so late as CUDA allows. A test that holds one stream, then the other, sees what a missing wait does.
#pragma once

#include <cuda_runtime_api.h>

#include <functional>

namespace revunet::cusim {

// Streams count from 0 in the order in which they are made. They stay held until release_streams().
void hold_stream(int index);
void release_streams();
// Returns the number of streams that were made since the last reset. A test begins with it.
void count_streams_from_here();

// Runs what a stream has been given so far, and what that waits for.
void run_stream(cudaStream_t stream);
// The stand-ins of libraries compute at once. They say on which stream, and first run what it was given before.
void set_library_stream(cudaStream_t stream);
void run_library_stream();
// Runs what all streams have been given, as cudaFree does.
void run_streams();

}  // namespace revunet::cusim
