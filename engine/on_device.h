// This file has the macros by which an op's public function calls the kernel of the tensor's device.
//
// Rule: the kernels of one op have the op's own signature, in namespace REVUNET_CPU (for the meta device too) and, in a
// build with CUDA, in namespace cuda. An op's header declares them with REVUNET_KERNEL, and its public function calls
// REVUNET_ON_DEVICE.
//
// A portable build compiles the CPU's kernels twice (kernels/CMakeLists.txt): for AVX2 with REVUNET_CPU as cpu, and for
// AVX-512 with REVUNET_CPU as cpu_avx512. The processor decides which of them runs. A native build has namespace cpu
// alone.
#pragma once

#include "engine/context.h"
#include "engine/cpu_instructions.h"
#ifdef REVUNET_WITH_CUDA
#include "engine/cuda/op_range.h"
#endif

#ifndef REVUNET_CPU
#define REVUNET_CPU cpu
#endif
#if defined(REVUNET_AVX512_KERNELS) && !defined(__AVX512VL__)
#error "expected kernels of namespace cpu_avx512 to be compiled for AVX-512; set REVUNET_AVX512_KERNELS on their target"
#endif

// Declares the kernels of a function, with the type of the function of that name declared above.
#define REVUNET_KERNEL(function)        \
  namespace cpu {                       \
  decltype(revunet::function) function; \
  }                                     \
  namespace cpu_avx512 {                \
  decltype(revunet::function) function; \
  }                                     \
  namespace cuda {                      \
  decltype(revunet::function) function; \
  }

#ifdef REVUNET_WITH_AVX512_KERNELS
#define REVUNET_ON_CPU(function, ctx, ...)                                                \
  (cpu_instructions() >= CpuInstructions::avx512 ? cpu_avx512::function(ctx, __VA_ARGS__) \
                                                 : cpu::function(ctx, __VA_ARGS__))
#else
#define REVUNET_ON_CPU(function, ctx, ...) cpu::function(ctx, __VA_ARGS__)
#endif

#ifdef REVUNET_WITH_CUDA
#define REVUNET_ON_DEVICE(function, ctx, ...)                                                            \
  ((ctx).device.kind() == DeviceKind::cuda                                                               \
       ? (static_cast<void>(::revunet::cuda::OpRange(ctx, #function)), cuda::function(ctx, __VA_ARGS__)) \
       : REVUNET_ON_CPU(function, ctx, __VA_ARGS__))
#else
#define REVUNET_ON_DEVICE(function, ctx, ...) REVUNET_ON_CPU(function, ctx, __VA_ARGS__)
#endif
