// SPDX-License-Identifier: Apache-2.0
package org.markcast.capture;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.markcast.linux.GroupSocket;
import org.markcast.linux.LinuxErrno;

/** Membership of any number of groups on one interface: as many sockets as the kernel's limit for one demands. */
final class GroupMembership implements AutoCloseable {

    private final Deque<GroupSocket> sockets = new ArrayDeque<>();

    private int refused;
    private int lastErrno;

    GroupMembership(int interfaceIndex, List<Integer> groups) {
        for (final int group : groups) {
            final int errno = join(interfaceIndex, group);
            if (errno != 0) {
                refused++;
                lastErrno = errno;
            }
        }
    }

    private int join(int interfaceIndex, int group) {
        final boolean isFresh = sockets.isEmpty();
        if (isFresh) {
            sockets.push(new GroupSocket());
        }
        final int errno = sockets.peek().join(group, interfaceIndex);
        if (errno != LinuxErrno.ENOBUFS || isFresh) {
            return errno;
        }
        sockets.push(new GroupSocket());
        return sockets.peek().join(group, interfaceIndex);
    }

    /** How many groups could not be joined. */
    int refused() {
        return refused;
    }

    int lastErrno() {
        return lastErrno;
    }

    @Override
    public void close() {
        sockets.forEach(GroupSocket::close);
        sockets.clear();
    }
}
