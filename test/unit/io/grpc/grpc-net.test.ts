import { describeControlNet } from '../../../support/control-net-contract.ts';
import { createGrpcStage } from './stage.ts';

describeControlNet('gRPC', () => createGrpcStage());
