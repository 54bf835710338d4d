// Preloaded into a server that cannot be told on which address to listen: it listens on 127.0.0.1 only.
const net = require('net');

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (...args) {
  if (typeof args[0] === 'object' && args[0] !== null && args[0].port !== undefined) {
    args[0].host = '127.0.0.1';
    return listen.apply(this, args);
  }
  if (typeof args[0] === 'number' || typeof args[0] === 'string') {
    return listen.call(this, { port: Number(args[0]), host: '127.0.0.1' }, args.find((arg) => typeof arg === 'function'));
  }
  return listen.apply(this, args);
};
