/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate of a planted project: one of an authority's that was made up for it, and good for
 * some months, but for what the defect says.
 */
#ifndef CAIRN_DRILL_PLANT_CERTIFICATE_H
#define CAIRN_DRILL_PLANT_CERTIFICATE_H

#include "core/err.h"

/* Writes both files as PEM. defect is its name; of one that isn't about the certificate nothing is
 * to be seen. */
MUST_CHECK bool plant_certificate(const char *cert_file, const char *key_file, const char *defect,
                                  struct err *err);

#endif
