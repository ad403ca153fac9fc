/* SPDX-License-Identifier: Apache-2.0 */
/* The example tables of the data API's contract, with rows. */
#ifndef CAIRN_TEST_REQUEST_SHOP_H
#define CAIRN_TEST_REQUEST_SHOP_H

extern const char shop_sql[];

#endif
