// SPDX-License-Identifier: Apache-2.0
package org.markcast.netfilter;

import java.net.InetAddress;
import java.net.UnknownHostException;
import org.markcast.engine.packet.Ipv4Address;
import org.markcast.linux.NetfilterFamily;

/** One part of a {@link Key}, and how nft writes it. */
enum KeyPart {
    ADDRESS {
        @Override
        int length(NetfilterFamily family) {
            return family.addressLength();
        }

        @Override
        String text(Key key, int offset, NetfilterFamily family) {
            try {
                return InetAddress.getByAddress(key.bytes(offset, length(family)))
                        .getHostAddress();
            } catch (UnknownHostException e) {
                throw new IllegalStateException(e);
            }
        }
    },
    /** The first and the last IPv4 address of an interval. */
    RANGE {
        @Override
        int length(NetfilterFamily family) {
            return 2 * family.addressLength();
        }

        @Override
        String text(Key key, int offset, NetfilterFamily family) {
            final int first = key.networkInt(offset);
            final int last = key.networkInt(offset + Integer.BYTES);
            final int hostBits = first ^ last;
            if (first == last) {
                return Ipv4Address.text(first);
            }
            final boolean isPrefix = (hostBits & hostBits + 1) == 0 && (first & hostBits) == 0;
            return Ipv4Address.text(first)
                    + (isPrefix ? "/" + Integer.numberOfLeadingZeros(hostBits) : "-" + Ipv4Address.text(last));
        }
    },
    /** An SPI, or both ports in a row. */
    HEX {
        @Override
        String text(Key key, int offset, NetfilterFamily family) {
            return "0x" + Integer.toHexString(key.networkInt(offset));
        }
    },
    PROTOCOL {
        @Override
        String text(Key key, int offset, NetfilterFamily family) {
            return Integer.toString(key.networkInt(offset) >>> 24);
        }
    },
    PORT {
        @Override
        String text(Key key, int offset, NetfilterFamily family) {
            return Integer.toString(key.networkInt(offset) >>> 16);
        }
    },
    MARK {
        @Override
        String text(Key key, int offset, NetfilterFamily family) {
            return "0x" + Integer.toHexString(key.hostInt(offset));
        }
    };

    int length(NetfilterFamily family) {
        return Integer.BYTES;
    }

    abstract String text(Key key, int offset, NetfilterFamily family);
}
