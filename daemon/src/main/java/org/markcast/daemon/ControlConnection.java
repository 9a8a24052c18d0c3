// SPDX-License-Identifier: Apache-2.0
package org.markcast.daemon;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One client of the {@link ControlServer}, on the server's thread: bounded in bytes and in time. */
final class ControlConnection extends SimpleChannelInboundHandler<ByteBuf> {

    static final int MAX_REQUEST_BYTES = 128;

    private static final Logger LOG = LoggerFactory.getLogger(ControlConnection.class);

    private final Function<String, String> answer;
    private final Duration deadline;
    private final StringBuilder request = new StringBuilder();

    private Future<?> cutOff;
    private boolean isAnswered;

    ControlConnection(Function<String, String> answer, Duration deadline) {
        this.answer = answer;
        this.deadline = deadline;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        cutOff = context.executor().schedule(() -> context.close(), deadline.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        cutOff.cancel(false);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, ByteBuf bytes) {
        if (isAnswered) {
            return;
        }
        request.append(bytes.toString(StandardCharsets.US_ASCII));
        final int end = request.indexOf("\n");
        if (end >= 0) {
            isAnswered = true;
            answer(context, request.substring(0, end));
        } else if (request.length() >= MAX_REQUEST_BYTES) {
            context.close();
        }
    }

    private void answer(ChannelHandlerContext context, String line) {
        final String text = answer.apply(line);
        context.writeAndFlush(ByteBufUtil.writeUtf8(context.alloc(), text)).addListener(ChannelFutureListener.CLOSE);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        // A client that goes away is its own affair; a failed answer is ours.
        if (!(cause instanceof IOException)) {
            LOG.error("request \"{}\" failed", request.toString().strip(), cause);
        }
        context.close();
    }
}
