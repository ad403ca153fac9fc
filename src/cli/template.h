/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that cairn init writes; @NAME@ stands for the project's name.
 */
#ifndef CAIRN_CLI_TEMPLATE_H
#define CAIRN_CLI_TEMPLATE_H

struct template
{
    const char *path; /* in the project folder */
    const char *text;
};

extern const struct template templates[];
extern const unsigned template_count;

#endif
