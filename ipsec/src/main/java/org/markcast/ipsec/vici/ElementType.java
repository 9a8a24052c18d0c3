// SPDX-License-Identifier: Apache-2.0
package org.markcast.ipsec.vici;

/**
 * Codes of the elements that a message consists of. Names have 8-bit lengths, values 16-bit ones, big-endian:
 *
 * <pre>
 *  1 | name length | name ...                               section starts
 *  2                                                        section ends
 *  3 | name length | name ... | value length | value ...    key and value
 *  4 | name length | name ...                               list starts
 *  5 | value length | value ...                             list item
 *  6                                                        list ends
 * </pre>
 */
final class ElementType {

    static final int SECTION_START = 1;
    static final int SECTION_END = 2;
    static final int KEY_VALUE = 3;
    static final int LIST_START = 4;
    static final int LIST_ITEM = 5;
    static final int LIST_END = 6;

    private ElementType() {}
}
