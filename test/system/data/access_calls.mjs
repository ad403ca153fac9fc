// SPDX-License-Identifier: Apache-2.0
//
// Calls of the functions in access_functions.sql, for access.test.mjs.

export function calls(A, B) {
    const C = '33333333-3333-4333-8333-333333333333';
    const call = (name, body = {}, prefer = undefined) => ['POST', `rpc/${name}`, body, prefer];
    const long = 'x'.repeat(60);

    return [
        call('add_note', { id: 10, owner: A }), call('add_note', { id: 10, owner: B }), call('add_note', { id: 10, owner: null }),
        call('add_note', { id: 10, owner: A, rank: 60 }), call('add_note', { id: 10, owner: A, rank: 13 }),
        call('add_note', { id: 3, owner: A }), call('add_note', { id: 3, owner: B }), call('add_note', { id: 10, owner: C }),
        call('add_note_shown', { id: 10, owner: A }), call('add_note_shown', { id: 10, owner: B }),
        call('add_note_shown?select=id,size,profiles(name)', { id: 10, owner: A }),
        call('add_note_unseen', { id: 10, owner: A }), call('add_note_unseen', { id: 10, owner: B }),
        call('add_my_note', { id: 10 }), call('add_my_note', { id: 2 }),
        call('add_note_code', { id: 10, code: 'new' }), call('add_note_code', { id: 10, code: 'b3' }),
        call('copy_notes', { shift: 20, new_owner: A }), call('copy_notes', { shift: 20, new_owner: B }), call('copy_notes', { shift: 0, new_owner: A }),
        call('copy_defaults'),
        call('add_comment', { note: 1 }), call('add_comment', { note: 3 }), call('add_comment', { note: 1, by: B }),
        call('add_comment', { note: 3, by: B }), call('add_comment', { note: 99 }),
        call('add_detail', { note: 7, grade: 9.5 }), call('add_detail', { note: 7, grade: 10 }), call('add_detail', { note: 7, grade: null }),
        call('add_detail', { note: 3, grade: 1 }), call('add_detail', { note: 1, grade: 1 }),
        call('drop_in', { id: 9 }), call('drop_in', { id: 1 }), call('drop_in_shown', { id: 9 }), call('drop_in_shown', { id: 1 }),
        call('add_entry', { id: 9, state: 'open', amount: 1 }), call('add_entry', { id: 9, state: 'closed', amount: 1 }),
        call('add_profile', { id: C }), call('add_profile_level', { id: C }), call('add_ticket'), call('add_pass'),

        call('set_body', { note: 1, text: 'changed' }), call('set_body', { note: 3, text: 'changed' }), call('set_body', { note: 4, text: 'changed' }),
        call('set_body', { note: 2, text: long }), call('set_body', { note: 6, text: 'x' }), call('set_body', { note: 1, text: null }),
        call('set_bodies', { text: 'all' }), call('set_owner', { note: 1, new_owner: B }), call('set_owner', { note: 3, new_owner: A }),
        call('set_owner', { note: 2, new_owner: B }), call('set_owner', { note: 1, new_owner: C }), call('set_owner', { note: 1, new_owner: null }),
        call('set_two', { note: 1, new_rank: 60, is_shared: true }), call('set_two', { note: 1, new_rank: 5, is_shared: true }),
        call('set_two', { note: 2, new_rank: 5, is_shared: false }), call('set_two', { note: 2, new_rank: 13, is_shared: true }),
        call('set_code', { note: 1, new_code: 'b3' }), call('set_code', { note: 1, new_code: null }), call('set_code', { note: 3, new_code: 'x' }),
        call('set_id', { note: 1, new_id: 3 }), call('set_id', { note: 7, new_id: 70 }),
        call('reset_owner', { note: 1 }), call('reset_owner', { note: 4 }),
        call('set_from', { prefix: '' }), call('set_grade', { note: 1, new_grade: 5 }), call('set_grade', { note: 1, new_grade: 50 }),
        call('set_grade', { note: 3, new_grade: 5 }), call('set_grade', { note: 1, new_grade: null }),
        call('set_state', { entry: 1, new_state: 'closed' }), call('set_state', { entry: 1, new_state: 'lost' }),
        call('set_state', { entry: 4, new_state: 'closed' }), call('set_amounts', { new_amount: 1 }), call('set_amounts', { new_amount: -1 }),
        call('set_words', { new_word: 'x' }), call('set_words_seen', { new_word: 'x' }), call('set_words_shown', { new_word: 'x' }),
        call('rename_profile', { new_name: 'x' }), call('rename_by_email', { new_name: 'x' }), call('set_level', { new_level: 5 }),

        call('remove_note', { note: 1 }), call('remove_note', { note: 3 }), call('remove_notes'), call('remove_words'), call('remove_words_seen'),
        call('remove_comments'),

        call('put_note', { id: 1, owner: A, body: 'put' }), call('put_note', { id: 1, owner: B, body: 'put' }),
        call('put_note', { id: 3, owner: A, body: 'put' }), call('put_note', { id: 3, owner: B, body: 'put' }),
        call('put_note', { id: 2, owner: B, body: 'put' }), call('put_note', { id: 10, owner: A, body: 'put' }),
        call('put_note', { id: 10, owner: B, body: 'put' }), call('put_note', { id: 6, owner: B, body: 'put' }),
        call('put_note_shown', { id: 1, owner: A, body: '!' }), call('put_note_shown', { id: 3, owner: A, body: '!' }),
        call('put_note_shown', { id: 3, owner: B, body: '!' }), call('put_note_shown', { id: 10, owner: A, body: '!' }),
        call('put_note_shown', { id: 7, owner: A, body: '!' }), call('put_note_shown', { id: 2, owner: B, body: long }),
        call('put_note_once', { id: 3, owner: A }), call('put_note_once', { id: 3, owner: B }), call('put_note_once', { id: 10, owner: A }),
        call('put_note_once_by_id', { id: 3, owner: A }), call('put_note_once_by_id', { id: 10, owner: A }),
        call('put_entry', { id: 1, amount: 7 }), call('put_entry', { id: 2, amount: 7 }), call('put_entry', { id: 4, amount: 7 }),
        call('put_entry', { id: 1, amount: -7 }), call('put_word', { id: 1, owner: A }), call('put_word', { id: 2, owner: A }),
        call('put_word', { id: 9, owner: A }), call('put_vault', { id: 1 }), call('put_vault', { id: 9 }),
        call('move_all', { new_owner: A }), call('move_all', { new_owner: B }),
        call('own_by_chance', { note: 1 }), call('own_by_chance', { note: 3 }), call('add_by_chance', { note: 10 }),

        call('definer_set', { note: 3 }), call('definer_forced', { id: 9, word: 'x' }), call('definer_forced', { id: 9, word: 'public x' }),
        call('definer_locked', { id: 9 }), call('definer_locked', { id: 1 }), call('definer_who'), call('closed', { id: 9 }),
        ['GET', 'rpc/definer_set?note=3'], ['GET', 'rpc/add_note?id=10&owner=' + A],
    ];
}

/** What shows functions of rows. */
export const ofRows = [
    ['GET', 'profiles?select=name,note_count&order=id'], ['GET', 'profiles?select=name&order=note_count.desc,name'], ['GET', 'profiles?select=name,all_note_count&order=id'],
    ['GET', 'notes?select=id,locked_words&order=id'], ['GET', 'notes?select=id,locked_word&order=id'], ['GET', 'notes?select=id,is_mine&order=id'],
    ['GET', 'notes?is_mine=is.true&select=id&order=id', , 'count=exact'], ['GET', 'notes?size_by_rank=gt.0&select=id&order=id'], ['GET', 'notes?body_as_number=gt.0&select=id&order=id'],
    ['GET', 'notes?or=(body_as_number.gt.0,id.lt.0)&select=id&order=id'], ['GET', 'notes?select=id,remarks(text)&order=id'], ['GET', 'notes?select=id,remarks!inner(id)&order=id', , 'count=exact'],
    ['GET', 'profiles?select=id,written(id,body,remarks(text))&order=id'], ['GET', 'profiles?select=id,written(id)&written.body_as_number=gt.0&order=id'],
    ['GET', 'tags?select=id,seen_count,all_count&order=id'], ['GET', 'tags?seen_count=gt.1&select=id&order=seen_count.desc,id', , 'count=exact'],
    ['GET', 'tags?select=id,seen(id,body,owner,is_mine,remarks(text))&order=id'], ['GET', 'tags?select=id,seen!inner(id)&seen.shared=is.false&order=id', , 'count=exact'],
    ['GET', 'tags?select=id,seen(id)&seen.body_as_number=gt.0&order=id'],
    ['GET', 'tags?select=id,seen(id)&seen.locked_words=is.null&order=id'],
    ['GET', 'tags?select=id,shown(id,body)&order=id'], ['GET', 'tags?select=id,kept&order=id'],
    ['GET', 'comments?select=id,notes(is_mine)&order=id'], ['GET', 'rpc/definer_set?note=1&select=is_mine'],
    ['PATCH', 'notes?is_mine=is.true&select=id,is_mine,locked_word', { body: 'changed' }, 'return=representation'],
    ['PATCH', 'notes?id=eq.1&select=id,remarks(id)', { body: 'changed' }, 'return=representation'],
    ['PATCH', 'notes?id=eq.3&select=id,is_mine', { body: 'changed' }, 'return=representation'],
];
