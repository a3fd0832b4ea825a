import { routes, type NodeView } from '#contracts';
import { Refusal } from '#domain';
import { NodeStore } from '#persistence';
import { Controller } from '@nestjs/common';
import { Call, Endpoint, type CallOf } from '../http/endpoint.js';
import { toPage } from './page.js';

@Controller()
export class NodesController {
  constructor(private readonly nodes: NodeStore) {}

  @Endpoint(routes.listNodes)
  async list(@Call() { query }: CallOf<typeof routes.listNodes>) {
    const nodes = await this.nodes.list(query.cursor ?? null, query.limit + 1);
    return toPage('nodes', nodes, query.limit, (node) => node.id);
  }

  @Endpoint(routes.getNode)
  async get(@Call() { params }: CallOf<typeof routes.getNode>): Promise<NodeView> {
    const node = await this.nodes.find(params.id);
    if (!node) throw new Refusal('node_not_found', `There is no node "${params.id}".`);
    return node;
  }
}
