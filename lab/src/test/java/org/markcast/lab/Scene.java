// SPDX-License-Identifier: Apache-2.0
package org.markcast.lab;

import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.markcast.daemon.emulation.Client;
import org.markcast.daemon.emulation.EmulatedNetwork;
import org.markcast.daemon.emulation.Gateway;
import org.markcast.daemon.emulation.Host;
import org.markcast.daemon.emulation.ServiceConfig;
import org.markcast.daemon.emulation.ServiceProcess;

/** An emulated network with one LAN host, alice, and the real service in its gateway. */
final class Scene implements AutoCloseable {

    static final String LAN_HOST = "alice";
    static final String LAN_INTERFACE = "eth1";

    private final EmulatedNetwork network;
    private final ServiceProcess service;

    private Scene(EmulatedNetwork network, ServiceProcess service) {
        this.network = network;
        this.service = service;
    }

    /** A network without a LAN yet. */
    static EmulatedNetwork.Builder network() {
        return EmulatedNetwork.builder().lan(LAN_HOST);
    }

    /** Builds the network and starts the service with an SA for every client. */
    static Scene start(EmulatedNetwork.Builder builder) {
        return start(builder, config -> config);
    }

    static Scene start(EmulatedNetwork.Builder builder, UnaryOperator<ServiceConfig> change) {
        return startWithText(builder, config -> change.apply(config).text());
    }

    /** @param text the configuration as it will stand in the file */
    static Scene startWithText(EmulatedNetwork.Builder builder, Function<ServiceConfig, String> text) {
        final EmulatedNetwork network = builder.build();
        try {
            return new Scene(
                    network,
                    ServiceProcess.start(
                            network.gateway(), text.apply(network.serviceConfig()), ServiceProcess.QUICK_START));
        } catch (RuntimeException e) {
            network.close();
            throw e;
        }
    }

    /** Has the service work by another configuration, a change of the one with an SA for every client. */
    void configure(UnaryOperator<ServiceConfig> change) {
        service.reload(change.apply(network.serviceConfig()));
    }

    Host alice() {
        return network.host(LAN_HOST);
    }

    Client client(String name) {
        return network.client(name);
    }

    Gateway gateway() {
        return network.gateway();
    }

    EmulatedNetwork emulation() {
        return network;
    }

    ServiceProcess service() {
        return service;
    }

    /** Watches everything that happens from now on. */
    Observation observe() {
        return new Observation(this);
    }

    @Override
    public void close() {
        try {
            service.close();
        } finally {
            network.close();
        }
    }
}
