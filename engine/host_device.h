// This macro marks functions that host and device code share.
#pragma once

#ifdef __CUDACC__
#define REVUNET_HOST_DEVICE __host__ __device__
#else
#define REVUNET_HOST_DEVICE
#endif
