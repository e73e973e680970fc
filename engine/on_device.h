// This file has the macros by which an op's public function calls the kernel of the tensor's device.
//
// Rule: the kernels of one op have the op's own signature, in namespace cpu (for the meta device too) and, in a build
// with CUDA, in namespace cuda. An op's header declares them with REVUNET_KERNEL, and its public function calls
// REVUNET_ON_DEVICE.
#pragma once

#include "engine/context.h"
#ifdef REVUNET_WITH_CUDA
#include "engine/cuda/op_range.h"
#endif

// Declares cpu::function and cuda::function, with the type of the function of that name declared above.
#define REVUNET_KERNEL(function)        \
  namespace cpu {                       \
  decltype(revunet::function) function; \
  }                                     \
  namespace cuda {                      \
  decltype(revunet::function) function; \
  }

#ifdef REVUNET_WITH_CUDA
#define REVUNET_ON_DEVICE(function, ctx, ...)                                                            \
  ((ctx).device.kind() == DeviceKind::cuda                                                               \
       ? (static_cast<void>(::revunet::cuda::OpRange(ctx, #function)), cuda::function(ctx, __VA_ARGS__)) \
       : cpu::function(ctx, __VA_ARGS__))
#else
#define REVUNET_ON_DEVICE(function, ctx, ...) cpu::function(ctx, __VA_ARGS__)
#endif
