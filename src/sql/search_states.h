/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The states of the scan for words (search_scan.h), as a table.
 *
 * In each state the rules are tried in order, and the first whose test holds is followed. GO takes
 * the character. TRY takes it too, but when what follows comes to FAIL, the scan is back here, at
 * the rule behind. SURE takes it and forgets the last TRY. FOUND ends the token before the
 * character.
 */
#ifndef CAIRN_SQL_SEARCH_STATES_H
#define CAIRN_SQL_SEARCH_STATES_H

#include "sql/search_scan.h"

/* Tests: a character stands for itself. */
enum search_test {
    IS_ANY = 128,
    IS_END,
    IS_LETTER, /* of ASCII */
    IS_ALPHA,
    IS_ALNUM,
    IS_DIGIT,
    IS_HEX,
    IS_SPACE,
    IS_OTHER, /* neither letter nor digit */
    IS_MARK,  /* goes with the letter before it */
    IS_URL_CHAR,
    IS_SCRIPT,    /* inside <script> or <style> */
    IS_HOST_ONLY, /* a host was asked for; asking again, none is */
    IS_HOST,      /* a host begins here: takes it */
    IS_PATH,      /* what follows the host in a URL begins here: takes it */
};

enum search_act { ACT_GO, ACT_TRY, ACT_SURE, ACT_MERGE, ACT_RERUN, ACT_FAIL, ACT_FOUND };

/* What else is done. */
enum search_also {
    ALSO_NOTHING,
    ALSO_TAG,    /* begins or ends a script */
    ALSO_REWIND, /* the token comes again, in parts */
    ALSO_HOST,   /* the same, beginning with the host */
    ALSO_RESET,  /* the token begins again */
};

struct search_rule {
    uint8_t test;
    uint8_t act;
    uint8_t to; /* 0: stay in the state */
    uint8_t kind;
    uint8_t also;
    uint8_t settles; /* FOUND: 1 the last TRY, 2 all */
};

extern const struct search_rule *const search_states[];
extern const uint8_t search_state_base;
extern const uint8_t search_state_url_path;

#endif
