// SPDX-License-Identifier: Apache-2.0
package org.markcast.bench;

import java.io.IOException;
import org.markcast.engine.counter.Counter;

/** The real service, a process of its own. */
final class Engine implements Contender {

    private final SaPlan plan;
    private final MeasuredService service;

    private Engine(SaPlan plan, MeasuredService service) {
        this.plan = plan;
        this.service = service;
    }

    static Engine start(Stage stage, SaPlan plan) throws IOException {
        final MeasuredService service = MeasuredService.start(
                stage.network().gateway(), plan.config(stage.network()).text());
        service.pause();
        return new Engine(plan, service);
    }

    /** What else can be asked. */
    MeasuredService service() {
        return service;
    }

    @Override
    public String name() {
        return "engine";
    }

    @Override
    public SaPlan plan() {
        return plan;
    }

    @Override
    public boolean takesPackets() {
        return true;
    }

    @Override
    public void resume() {
        service.resume();
    }

    @Override
    public void pause() {
        service.pause();
    }

    @Override
    public long packets() {
        return service.count(Counter.CAPTURED);
    }

    @Override
    public long copiesQueued() {
        return service.count(Counter.COPIES_QUEUED);
    }

    @Override
    public long copiesRefused() {
        return copiesQueued() - service.count(Counter.COPIES_SENT);
    }

    @Override
    public long cpuNs() {
        return service.cpuNs();
    }

    @Override
    public long sleeps() {
        return service.sleeps("forwarder-0");
    }

    @Override
    public boolean isIdle() {
        return service.isIdle();
    }

    @Override
    public long kernelDrops() throws IOException {
        return service.kernelDrops();
    }

    @Override
    public void close() throws IOException {
        service.close();
    }
}
