/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"

const struct api_limits sample_limits = {
    .depth_max = 32,
    .terms_max = 1000,
    .nodes_max = 500,
    .embed_depth_max = 5,
    .list_max = 10000,
    .json_depth_max = 64,
    .rows_max = 1000,
};
