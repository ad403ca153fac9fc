/* SPDX-License-Identifier: Apache-2.0 */
#include "metric/sample.h"

enum { NUMBER_MAX = 64 };

static bool
is_name_char(char c, bool is_first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
           (!is_first && c >= '0' && c <= '9');
}

static void
skip_blanks(struct str *s)
{
    while (s->len > 0 && (s->data[0] == ' ' || s->data[0] == '\t'))
        *s = str_slice(*s, 1, s->len);
}

/* The labels up to their brace; a brace inside of quotes doesn't end them. */
static bool
take_labels(struct str *line, struct str *out)
{
    bool in_quotes = false;

    for (size_t i = 1; i < line->len; i++) {
        char c = line->data[i];

        if (in_quotes && c == '\\') {
            i++;
        } else if (c == '"') {
            in_quotes = !in_quotes;
        } else if (!in_quotes && c == '}') {
            *out = str_slice(*line, 1, i);
            *line = str_slice(*line, i + 1, line->len);
            return true;
        }
    }

    return false;
}

/* A number as Go writes them, NaN and +Inf among them. */
static bool
take_value(struct str *line, double *out)
{
    struct str word = str_slice(*line, 0, str_find_char(*line, ' ', 0));
    char text[NUMBER_MAX];
    char *end;

    if (word.len == 0 || word.len >= sizeof(text))
        return false;
    memcpy(text, word.data, word.len);
    text[word.len] = '\0';
    *out = strtod(text, &end);
    *line = str_slice(*line, word.len, line->len);

    return end == text + word.len;
}

static bool
parse_line(struct str line, struct metric_sample *out)
{
    int64_t at_ms;
    size_t end = 0;

    while (end < line.len && is_name_char(line.data[end], end == 0))
        end++;
    out->name = str_slice(line, 0, end);
    out->labels = STR("");
    line = str_slice(line, end, line.len);
    skip_blanks(&line);
    if (end == 0 || (line.len > 0 && line.data[0] == '{' && !take_labels(&line, &out->labels)))
        return false;
    skip_blanks(&line);
    if (!take_value(&line, &out->value))
        return false;
    skip_blanks(&line);

    return line.len == 0 || str_to_i64(line, &at_ms);
}

enum metric_line
metric_next(struct str *text, struct metric_sample *out)
{
    while (text->len > 0) {
        struct str line = str_trim(str_cut(text, '\n'));

        if (line.len > 0 && line.data[0] != '#')
            return parse_line(line, out) ? METRIC_SAMPLE : METRIC_BAD;
    }

    return METRIC_END;
}

double
metric_sum(struct str text, const char *name, const char *part)
{
    struct metric_sample sample;
    enum metric_line line;
    double sum = 0;

    while ((line = metric_next(&text, &sample)) != METRIC_END) {
        if (line == METRIC_SAMPLE && str_eq(sample.name, str_from(name)) &&
            (part == NULL || (sample.labels.len > 0 && memmem(sample.labels.data, sample.labels.len,
                                                              part, strlen(part)) != NULL)))
            sum += sample.value;
    }

    return sum;
}
