/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/claim_path.h"

/* .key and ."any text"; *rest is behind the point, and moves over the key. */
static bool
take_key(struct str *rest, struct str *key)
{
    size_t end = 0;

    if (rest->len > 0 && rest->data[0] == '"') {
        end = str_find_char(*rest, '"', 1);
        *key = str_slice(*rest, 1, end);
        if (end == rest->len)
            return false;
        *rest = str_slice(*rest, end + 1, rest->len);
        return key->len > 0;
    }
    while (end < rest->len && strchr(".[]\"", rest->data[end]) == NULL)
        end++;
    *key = str_slice(*rest, 0, end);
    *rest = str_slice(*rest, end, rest->len);
    return key->len > 0;
}

static bool
take_index(struct str *rest, uint32_t *index)
{
    size_t end = str_find_char(*rest, ']', 0);
    uint64_t number = 0;

    if (end == rest->len || !str_to_u64(str_slice(*rest, 0, end), &number) || number > UINT16_MAX)
        return false;
    *index = (uint32_t)number;
    *rest = str_slice(*rest, end + 1, rest->len);
    return true;
}

bool
claim_path_parse(struct str text, struct claim_path *out)
{
    struct str rest = text;

    *out = (struct claim_path){0};
    while (rest.len > 0) {
        char kind = rest.data[0];
        bool ok = false;

        if (out->count == CLAIM_PATH_MAX)
            return false;
        rest = str_slice(rest, 1, rest.len);
        if (kind == '.')
            ok = take_key(&rest, &out->steps[out->count].key);
        else if (kind == '[')
            ok = take_index(&rest, &out->steps[out->count].index);
        if (!ok)
            return false;
        out->count++;
    }
    return out->count > 0;
}

static const struct json *
find_member(const struct json *object, struct str key)
{
    const struct json *member = object->type == JSON_OBJECT ? object->first : NULL;

    while (member != NULL && !str_eq(member->key, key))
        member = member->next;
    return member;
}

static const struct json *
find_element(const struct json *array, uint32_t index)
{
    const struct json *element = array->type == JSON_ARRAY ? array->first : NULL;

    while (element != NULL && index-- > 0)
        element = element->next;
    return element;
}

const struct json *
claim_path_walk(const struct claim_path *path, const struct json *claims)
{
    for (size_t i = 0; i < path->count && claims != NULL; i++) {
        if (path->steps[i].key.data != NULL)
            claims = find_member(claims, path->steps[i].key);
        else
            claims = find_element(claims, path->steps[i].index);
    }
    return claims;
}
