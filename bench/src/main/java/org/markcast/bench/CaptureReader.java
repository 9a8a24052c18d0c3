// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import org.agrona.DirectBuffer;
import org.markcast.linux.BlockRing;
import org.markcast.linux.MarkedPacketSocket;
import org.markcast.linux.PacketRing;
import org.markcast.linux.SocketFilter;

/** One way to read packets from a packet socket. Polled by one thread. */
interface CaptureReader extends AutoCloseable {

    /** Takes a packet; its memory is the reader's again when the call returns. */
    @FunctionalInterface
    interface Handler {
        void onPacket(DirectBuffer buffer, int offset, int length);
    }

    /** Takes only what a filter accepts, of one interface. */
    void open(SocketFilter filter, int interfaceIndex);

    /** Hands the packets that are there to the handler; returns how many. */
    int poll(Handler handler, int limit);

    int fd();

    /** Packets that the kernel dropped so far. */
    long drops();

    @Override
    void close();

    /** What the service has for each LAN interface, as large. */
    final class OfFrames implements CaptureReader {

        private static final int FRAMES = 2048;

        private final PacketRing ring = new PacketRing(FRAMES);

        @Override
        public void open(SocketFilter filter, int interfaceIndex) {
            ring.attach(filter);
            ring.bind(interfaceIndex);
        }

        @Override
        public int poll(Handler handler, int limit) {
            ring.release();
            int polled = 0;
            while (polled < limit && ring.next()) {
                polled++;
                handler.onPacket(ring.packetBuffer(), ring.packetOffset(), ring.capturedLength());
            }
            return polled;
        }

        @Override
        public int fd() {
            return ring.fd();
        }

        @Override
        public long drops() {
            return ring.drops();
        }

        @Override
        public void close() {
            ring.close();
        }
    }

    /** As much memory as a ring of blocks. */
    final class OfBlocks implements CaptureReader {

        private static final int BLOCKS = 16;

        private final BlockRing ring = new BlockRing(BLOCKS);

        @Override
        public void open(SocketFilter filter, int interfaceIndex) {
            ring.attach(filter);
            ring.bind(interfaceIndex);
        }

        @Override
        public int poll(Handler handler, int limit) {
            ring.release();
            int polled = 0;
            while (polled < limit && ring.next()) {
                polled++;
                handler.onPacket(ring.packetBuffer(), ring.packetOffset(), ring.capturedLength());
            }
            return polled;
        }

        @Override
        public int fd() {
            return ring.fd();
        }

        @Override
        public long drops() {
            return ring.drops();
        }

        @Override
        public void close() {
            ring.close();
        }
    }

    /** What the service has for decapsulated packets: no ring, but marks. */
    final class OfMessages implements CaptureReader {

        private final MarkedPacketSocket socket = new MarkedPacketSocket();

        @Override
        public void open(SocketFilter filter, int interfaceIndex) {
            socket.attach(filter);
            socket.bind(interfaceIndex);
        }

        @Override
        public int poll(Handler handler, int limit) {
            final int received = socket.receive(limit);
            while (socket.next()) {
                handler.onPacket(socket.packetBuffer(), socket.packetOffset(), socket.capturedLength());
            }
            return received;
        }

        @Override
        public int fd() {
            return socket.fd();
        }

        @Override
        public long drops() {
            return socket.drops();
        }

        @Override
        public void close() {
            socket.close();
        }
    }
}
