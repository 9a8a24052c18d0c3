// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import java.net.Inet4Address;
import java.net.InetAddress;
import org.markcast.config.AddressLiteral;
import org.markcast.engine.packet.Ipv4Address;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a directed broadcast address, as an {@code int} in host order. */
final class BroadcastAddress implements ITypeConverter<Integer> {

    @Override
    public Integer convert(String text) {
        final InetAddress address;
        try {
            address = AddressLiteral.parse(text);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage());
        }
        if (!(address instanceof Inet4Address) || !Ipv4Address.isHost(Ipv4Address.of(address))) {
            throw new TypeConversionException("'" + text + "' cannot be an IPv4 network's broadcast address");
        }
        return Ipv4Address.of(address);
    }
}
