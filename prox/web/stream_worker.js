/** The script of the SharedWorker that holds the connection of all tabs: `type: "module"`. */
import { connect } from "./stream.js";
import { StreamHub } from "./stream_hub.js";

const hub = new StreamHub({ connect, locks: globalThis.navigator?.locks });

globalThis.onconnect = ({ ports: [port] }) => hub.attach(port);
